// The submit form: checks JSON while it is typed, fills in examples, and shows the same request as a command.

const quote = (s) => "'" + s.replaceAll("'", "'\\''") + "'";

// Where the text stops being JSON: the engines say it in different words, or not at all.
const place = (text, error) => {
  const line = /line (\d+) column (\d+)/.exec(error.message);
  if (line) return `line ${line[1]}, column ${line[2]}`;
  const at = /position (\d+)/.exec(error.message);
  const before = text.slice(0, at ? Number(at[1]) : text.length).split("\n");
  return `line ${before.length}, column ${before.at(-1).length + 1}`;
};

// What a payload will be sent as: the server decides in the same way.
const read = (text) => {
  try { return { value: JSON.parse(text), note: "JSON", good: true }; } catch (error) {
    if (!text.trim()) return { value: null, note: "Any JSON. Plain text is sent as a string." };
    if (/^\s*[{["]/.test(text)) return { value: null, note: `Not JSON yet: ${place(text, error)}`, bad: true };
    return { value: text.trim(), note: "Plain text: sent as a string.", good: true };
  }
};

export const form = () => {
  const form = document.getElementById("submit");
  if (!form) return;
  const payload = form.elements.payload;
  const hint = document.getElementById("h-payload");
  let dirty = false;

  const update = () => {
    const checked = read(payload.value);
    const task = {};
    for (const name of ["id", "type", "queue"]) if (form.elements[name].value.trim()) task[name] = form.elements[name].value.trim();
    task.payload = checked.value;
    for (const name of ["priority", "delay_seconds", "max_attempts", "timeout_seconds"]) {
      const value = form.elements[name].value.trim();
      if (value) task[name] = Number.isNaN(Number(value)) ? value : Number(value);
    }
    document.getElementById("curl").textContent = `curl -X POST ${quote(form.dataset.server + "/api/v1/tasks")} \\\n` +
      `  -H 'Content-Type: application/json' \\\n  -d ${quote(JSON.stringify(task))}`;
    return checked;
  };

  form.addEventListener("input", (event) => {
    const checked = update();
    if (event.target !== payload) return;
    dirty = true;
    hint.textContent = checked.note;
    hint.className = "hint" + (checked.bad ? " wrong" : checked.good ? " right" : "");
  });
  form.addEventListener("click", (event) => {
    const link = event.target.closest("[data-example]");
    if (!link) return;
    event.preventDefault();
    form.elements.type.value = link.dataset.example;
    if (!dirty) payload.value = link.dataset.payload; // what was typed is left alone
    update();
  });
};
