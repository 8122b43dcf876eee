// Tells how old the numbers are. Silence is what a dead server looks like, so the badge goes by the clock.
import { say } from "./say.js";

const staleAfter = 3, lostAfter = 10; // seconds without a frame
const closedAfter = 1; // the same for a socket that closed: sooner would flicker at a quick return

let heard = performance.now(); // when the last frame came
let began = false; // a frame came
let shut = false; // the socket closed, and no frame came since
let paused = false; // the viewer wants the numbers to stand still
let retryAt = 0, retry = () => {};

export const frame = () => {
  heard = performance.now();
  began = true;
  shut = false;
  show();
};
export const pause = (on) => { paused = on; show(); };
export const onPress = (action) => { badge.disabled = false; badge.addEventListener("click", action); };
export const closed = (at, now) => { retryAt = at; retry = now; shut = true; show(); };

// The server may be there and its store away: then its own note says how old the numbers are.
const storeAge = () => {
  const note = document.querySelector('[data-store="away"]');
  return note && (note.querySelector("[data-v]")?.textContent || "");
};

const clock = () => document.getElementById("chrome-foot").querySelector("time").textContent; // of the numbers
const zone = () => document.querySelector("#chrome-foot .zone").textContent;

const badge = document.getElementById("live");
const banner = document.getElementById("connection");
const button = document.createElement("button");
button.type = "button";
button.textContent = "retry now";
button.addEventListener("click", () => retry());
const sentence = document.createElement("span");

const put = (state, text) => {
  const before = badge.dataset.state;
  if (before !== state) {
    badge.dataset.state = state;
    if (state === "lost") say(`Connection lost. Numbers are from ${clock()} ${zone()}.`);
    else if (before === "lost") say("The connection is back.");
  }
  if (badge.textContent !== text) badge.textContent = text;
};

const show = () => {
  const silent = Math.floor((performance.now() - heard) / 1000);
  const lost = silent >= lostAfter && !document.hidden;
  if (lost) put("lost", "Connection lost");
  else if (silent >= (shut ? closedAfter : staleAfter)) put("stale", `Stale ${silent} s`);
  else if (paused) put("paused", "Paused");
  else if (began) {
    const age = storeAge();
    if (age === null) put("live", "Live");
    else put("stale", `Stale ${age}`.trim());
  }
  document.body.classList.toggle("old", lost);
  if (lost) {
    const wait = Math.max(0, Math.ceil((retryAt - performance.now()) / 1000));
    const text = `Connection lost ${silent} s ago. Numbers are from ${clock()} ${zone()}. Retrying in ${wait} s:`;
    if (!banner.firstChild) banner.append(sentence, button);
    if (sentence.textContent !== text) sentence.textContent = text;
  }
  banner.hidden = !lost;
};
setInterval(show, 500);
