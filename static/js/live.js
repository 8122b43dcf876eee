// The page's own small program: everything works without it, and with it the numbers move.
import { connect } from "./stream.js";
import { tools } from "./tools.js";
import { form } from "./form.js";
import { zone } from "./time.js";
import { keys } from "./keys.js";
import { questions } from "./ask.js";

tools();
zone();
form();
questions();
keys(document.body.dataset.live ? connect(JSON.parse(document.body.dataset.live)) : () => {});
