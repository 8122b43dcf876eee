// The page's own small program: everything works without it, and with it the numbers move.
import { connect } from "./stream.js";
import { tools } from "./tools.js";
import { form } from "./form.js";

tools();
form();
if (document.body.dataset.live) connect(JSON.parse(document.body.dataset.live));
