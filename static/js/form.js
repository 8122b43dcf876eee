// The submit form: checks JSON while it is typed, fills in examples, and shows the same request as a command.
import { placeOf } from "./json.js";

const quote = (s) => "'" + s.replaceAll("'", "'\\''") + "'";

// What a payload will be sent as: the server decides in the same way.
const read = (text) => {
  try { return { value: JSON.parse(text), note: "JSON", good: true }; } catch {
    if (!text.trim()) return { value: null, note: "Any JSON. Plain text is sent as a string." };
    if (/^\s*[{["]/.test(text)) return { value: null, note: `Not JSON yet: ${placeOf(text)}`, bad: true };
    return { value: text.trim(), note: "Plain text: sent as a string.", good: true };
  }
};

const number = (text) => Number.isNaN(Number(text)) ? text : Number(text);
const list = (text) => text.split(/[\s,]+/).filter(Boolean);
const truth = (text) => text === "true";
// The fields after the payload, as the API has them. What stands before a dot is an object.
const options = {
  priority: number, delay_seconds: number, run_at: String, max_attempts: number, timeout_seconds: number, retention_seconds: number,
  tags: list, "backoff.strategy": String, "backoff.base_seconds": number, "backoff.max_seconds": number, "backoff.jitter": truth,
};

// taskOf is the task as the API takes it, without what was left empty.
const taskOf = (form, payload) => {
  const task = {}, typed = (name) => form.elements[name].value.trim();
  for (const name of ["id", "type", "queue"]) if (typed(name)) task[name] = typed(name);
  task.payload = payload;
  for (const [path, convert] of Object.entries(options)) {
    const text = typed(path);
    if (!text) continue;
    const [name, inner] = path.split(".");
    if (inner) (task[name] ??= {})[inner] = convert(text);
    else task[name] = convert(text);
  }
  return task;
};

export const form = () => {
  const form = document.getElementById("submit");
  if (!form) return;
  const payload = form.elements.payload;
  const hint = document.getElementById("h-payload");
  let dirty = payload.closest("[data-wrong]") !== null;

  const update = () => {
    const checked = read(payload.value);
    document.getElementById("curl").textContent = `curl -X POST ${quote(form.dataset.server + "/api/v1/tasks")} \\\n` +
      `  -H 'Content-Type: application/json' \\\n  -d ${quote(JSON.stringify(taskOf(form, checked.value)))}`;
    return checked;
  };
  const fill = (example) => {
    if (example && !dirty) payload.value = example.dataset.payload; // what was typed is left alone
    update();
  };

  form.addEventListener("input", (event) => {
    const checked = update();
    if (event.target !== payload) return;
    dirty = payload.value.trim() !== "";
    hint.textContent = checked.note;
    hint.className = "hint" + (checked.bad ? " wrong" : checked.good ? " right" : "");
  });
  form.elements.type.addEventListener("change", () => {
    fill(form.querySelector(`[data-example="${CSS.escape(form.elements.type.value)}"]`));
  });
  form.addEventListener("click", (event) => {
    const link = event.target.closest("[data-example]");
    if (!link) return;
    event.preventDefault();
    form.elements.type.value = link.dataset.example;
    fill(link);
  });
};
