// Times in the zone that the viewer chose. The server writes UTC, and each <time> has its moment in datetime.
import { keep, recall } from "./store.js";

const format = new Intl.DateTimeFormat("en", { timeZoneName: "short" });
const here = format.resolvedOptions().timeZone;
const abroad = !/^(Etc\/)?(UTC|UCT|Universal|Zulu)$/.test(here); // else there is nothing to choose
let local = abroad && recall("zone") === "local";

const nameOf = (at, own) => own ? format.formatToParts(at).find((part) => part.type === "timeZoneName").value : "UTC";
const write = (at, own) => new Date(at - (own ? at.getTimezoneOffset() * 60_000 : 0)).toISOString().replace("T", " ");

// How the server wrote it: where in "2026-11-23 14:02:31.250" it begins and ends, and whether the zone's name follows.
// What reads otherwise ("in 5 s") keeps its words.
const shapes = new WeakMap();
const whole = { from: 0, to: 23, named: true }, clock = { from: 11, to: 19, named: false };
const unset = (el) => !el.dataset.a ? null : el.dataset.t === "clock" ? clock : whole;
const shapeOf = (el) => {
  if (shapes.has(el)) return shapes.get(el);
  const [text, date, time, name] = /^(\d{4}-\d\d-\d\d )?(\d\d:\d\d(?::\d\d(?:\.\d{3})?)?)( UTC)?$/.exec(el.textContent) || [];
  const from = date ? 0 : 11;
  const shape = text ? { from, to: 11 + time.length, named: Boolean(name) } : unset(el);
  shapes.set(el, shape);
  return shape;
};

export const retime = (el) => {
  const at = new Date(el.dateTime), shape = shapeOf(el);
  if (Number.isNaN(at.getTime())) {
    if (el.dataset.a) el.textContent = "–";
    return;
  }
  if (abroad) el.title = `${write(at, !local).slice(0, 23)} ${nameOf(at, !local)}`;
  if (!shape) return;
  const text = write(at, local).slice(shape.from, shape.to) + (shape.named ? " " + nameOf(at, local) : "");
  if (el.textContent !== text) el.textContent = text;
};

export const retimeAll = (root) => {
  for (const el of root.querySelectorAll("time")) retime(el);
  for (const el of root.querySelectorAll(".zone")) el.textContent = nameOf(new Date(), local);
};

const button = document.getElementById("zone");
const show = () => {
  button.textContent = nameOf(new Date(), local);
  button.title = `Times are in ${local ? here : "UTC"}: show them in ${local ? "UTC" : here}`;
  retimeAll(document);
};

export const zone = () => {
  button.hidden = !abroad;
  button.addEventListener("click", () => {
    local = !local;
    keep("zone", local ? "local" : "utc");
    show();
  });
  show();
};
