// The one region that is read aloud: what matters, and at most once in half a minute.

const pause = 30_000; // ms between two messages
const region = document.getElementById("say");
let last = -pause, next = "", timer = 0;

// Of what comes up meanwhile only the last is told: what was true before it is true no more.
export const say = (text) => {
  next = text;
  timer ||= setTimeout(() => {
    timer = 0;
    last = performance.now();
    if (region.textContent !== next) region.textContent = next;
  }, Math.max(0, last + pause - performance.now()));
};

const sentence = () => document.querySelector(".status");
let word = sentence()?.dataset.s;

// The status is told when it becomes another one. Its numbers change all the time and are not.
export const sayStatus = () => {
  const status = sentence();
  if (!status || status.dataset.s === word) return;
  word = status.dataset.s;
  say(status.textContent.trim().replace(/\s+/g, " "));
};
