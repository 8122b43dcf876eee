// The keys. The list in the page's own help says where each leads; here is what they do. They are off in fields, under
// an open dialog, and where the viewer switched them off.
import { ask } from "./ask.js";
import { keep, recall } from "./store.js";
import { turnTheme } from "./tools.js";

const patience = 1_500; // ms from g to the key after it
const help = document.getElementById("keys");
const enabled = document.getElementById("keys-on");
const verbs = { r: "retry", c: "cancel", "#": "delete" };

const linkOf = (row) => row.querySelector("a.id[href]");
const rows = () => [...document.querySelectorAll("main tbody tr, main .rows li")].filter(linkOf);
const current = () => document.activeElement.closest("main tbody tr, main .rows li");

const step = (by) => {
  const all = rows(), at = all.indexOf(current());
  const row = at < 0 ? all[by > 0 ? 0 : all.length - 1] : all[at + by];
  if (row) linkOf(row).focus();
};

// The question about the task of the row that has the focus, or of the page.
const act = (verb) => {
  const link = current() && linkOf(current());
  const path = link ? link.pathname : document.getElementById("task-id") ? location.pathname : "";
  if (/^\/tasks\/[^/]+$/.test(path)) ask(`${path}/${verb}`);
};

const search = () => {
  const field = ["main", "header"].map((part) => document.querySelector(part + ' [role="search"] input[name="q"]')).find((one) => one?.checkVisibility());
  if (field) { field.focus(); field.select(); }
  else location.assign("/tasks#search");
};

const plain = (pause) => ({
  j: () => step(1),
  k: () => step(-1),
  x: () => current()?.querySelector('input[type="checkbox"]')?.click(),
  "/": search,
  ".": () => document.querySelector("#tasks-new:not([hidden]) a")?.click(),
  " ": pause,
  t: turnTheme,
  "?": () => help.showModal(),
  ...Object.fromEntries(Object.entries(verbs).map(([key, verb]) => [key, () => act(verb)])),
});

// Fields take every key, what is pressed by Space or scrolls by it takes that.
const taken = (event) => {
  const at = event.target;
  if (at.closest('textarea, select, [contenteditable], input:not([type="checkbox"])')) return true;
  return event.key === " " && Boolean(at.closest("button, summary, input, pre"));
};

export const keys = (pause) => {
  enabled.checked = recall("keys") !== "off";
  enabled.addEventListener("change", () => keep("keys", enabled.checked ? "on" : "off"));
  document.getElementById("keys-help").addEventListener("click", () => help.showModal());
  if (location.hash === "#search") search();
  const actions = plain(pause);
  let going = 0; // until when g waits for its second key
  document.addEventListener("keydown", (event) => {
    const { key } = event;
    if (!enabled.checked || event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.repeat && key !== "j" && key !== "k") return;
    if (taken(event) || document.querySelector("dialog[open]")) return;
    const page = help.querySelector(`a[data-keys="${CSS.escape((event.timeStamp < going ? "g" : "") + key)}"]`);
    going = 0;
    if (page) location.assign(page.href);
    else if (key === "g") going = event.timeStamp + patience;
    else if (Object.hasOwn(actions, key)) actions[key]();
    else return;
    event.preventDefault();
  });
};
