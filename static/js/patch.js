// Applies what the stream sends. Values are set as text, never as markup; markup comes ready from the server's templates.
import { retime, retimeAll } from "./time.js";

let slots = null; // slot -> its elements; made anew after a change of structure
const kept = new Map(); // values that came while their part was held
const waiting = new Map(); // part id -> markup that waits until the part is let go

const find = (key) => {
  if (!slots) {
    slots = new Map();
    for (const el of document.querySelectorAll("[data-v]")) {
      const list = slots.get(el.dataset.v);
      if (list) list.push(el);
      else slots.set(el.dataset.v, [el]);
    }
  }
  return slots.get(key) || [];
};

// A field that somebody filled in, or a row that somebody selected.
const dirty = (field) => field.value !== field.defaultValue || field.checked !== field.defaultChecked;
const fields = 'input:not([type="hidden"]), textarea';

// A part is held while somebody points at it, has the focus in it, selects or types in it, or answers a question: what
// is clicked must not move.
const hovers = matchMedia("(hover: hover)").matches;
const held = (el) => {
  if (el.dataset.part === "urgent") return false;
  if (document.querySelector("dialog[open]") || [...el.querySelectorAll(fields)].some(dirty)) return true;
  if ((hovers && el.matches(":hover")) || el.contains(document.activeElement)) return true;
  const selection = getSelection();
  return selection.type === "Range" && el.contains(selection.anchorNode);
};

const set = (el, text) => {
  const attribute = el.dataset.a;
  if (el.matches(fields) && (el === document.activeElement || dirty(el))) return;
  if (attribute) {
    el.setAttribute(attribute, text);
    if (attribute === "datetime") retime(el);
    return;
  }
  if (el.textContent === text) return;
  if (el.dataset.p && held(el)) return; // a link must not change under the pointer
  el.textContent = text;
  if (el.dataset.p) el.href = el.dataset.p + encodeURIComponent(text);
  if (el.dataset.s !== undefined) {
    el.dataset.s = text.toLowerCase();
    el.classList.remove("changed");
    void el.offsetWidth; // restarts the animation
    el.classList.add("changed");
  }
};

export const setValues = (values) => {
  for (const key in values) {
    if (waiting.size) kept.set(key, values[key]);
    for (const el of find(key)) set(el, values[key]);
  }
};

const token = () => document.querySelector('meta[name="csrf"]').content;

const replace = (el, markup) => {
  const open = [...el.querySelectorAll("details[open]")].map((box) => box.id);
  el.innerHTML = markup;
  for (const box of el.querySelectorAll("details")) if (open.includes(box.id)) box.open = true;
  for (const field of el.querySelectorAll('input[name="_csrf"]')) field.value = token();
  retimeAll(el);
  slots = null;
};

const valueOf = (slot) => slot.dataset.a ? slot.getAttribute(slot.dataset.a) : slot.textContent;
const valuesOf = (markup) => {
  const template = document.createElement("template");
  template.innerHTML = markup;
  return Object.fromEntries([...template.content.querySelectorAll("[data-v]")].map((slot) => [slot.dataset.v, valueOf(slot)]));
};

export const setParts = (parts) => {
  for (const id in parts) {
    const el = document.getElementById(id);
    if (!el) continue;
    for (const [key] of kept) if (parts[id].includes(`data-v="${key}"`)) kept.delete(key);
    if (held(el)) {
      waiting.set(id, parts[id]);
      el.dataset.held = "";
      setValues(valuesOf(parts[id])); // the numbers go on
    } else {
      waiting.delete(id);
      delete el.dataset.held;
      replace(el, parts[id]);
    }
  }
};

// Lets go of parts that nobody holds any more, with the values that came meanwhile.
const release = () => {
  for (const [id, markup] of waiting) {
    const el = document.getElementById(id);
    if (el && held(el)) continue;
    waiting.delete(id);
    if (!el) continue;
    delete el.dataset.held;
    replace(el, markup);
    for (const slot of el.querySelectorAll("[data-v]")) if (kept.has(slot.dataset.v)) set(slot, kept.get(slot.dataset.v));
  }
  if (!waiting.size) kept.clear();
};
const releaseSoon = () => { if (waiting.size) setTimeout(release, 50); };
for (const type of ["pointerout", "focusout", "selectionchange", "change"]) document.addEventListener(type, releaseSoon);
setInterval(releaseSoon, 1000); // a window in the background gets none of these events

// The list of tasks: rows that left the filter are dimmed, rows that came are announced.
let news = 0;
export const setRows = (message) => {
  for (const id of message.x || []) document.getElementById("row-" + id)?.classList.add("left");
  if (message.ids) news = message.ids.filter((id) => !document.getElementById("row-" + id)).length;
  news += message.n || 0;
  const box = document.getElementById("tasks-new");
  if (!box || !news) return;
  box.hidden = false;
  document.getElementById("tasks-new-count").textContent = (news < 50 ? news : "50+") + " new";
};

// Takes over the live parts of a page that was fetched.
export const setPage = (text) => {
  const page = new DOMParser().parseFromString(text, "text/html");
  const parts = {};
  for (const el of page.querySelectorAll("[data-part]")) if (el.id !== "chrome-nav") parts[el.id] = el.innerHTML;
  setParts(parts);
  const values = {};
  for (const el of page.querySelectorAll("[data-v]")) values[el.dataset.v] = valueOf(el);
  setValues(values);
};
