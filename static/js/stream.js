// The client of /ws/ui. It follows the page's topics, puts deltas on what it has, and asks for a snap where one is missing.
import { setParts, setRows, setValues, setPage } from "./patch.js";
import * as badge from "./badge.js";
import { sayStatus } from "./say.js";

const longest = 30_000, first = 500; // ms between attempts
const silence = 8_000; // ms after which a connection that says nothing is given up; a ping comes every second

// After an upgrade the server's markup may want newer styles and scripts. A form may hold what somebody typed, so it
// stays; and a page that has just loaded stays, or two servers of different builds would make it load for ever.
const outdated = (build) => !import.meta.url.includes(build) && !document.querySelector("form.form") && performance.now() > 10_000;

// connect returns what pauses the numbers and lets them go on.
export const connect = (mark) => {
  let { epoch, topics } = mark;
  let socket = null, failures = 0, timer = 0, watchdog = 0, away = false, paused = false;
  const say = (message) => { if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message)); };
  const subscribe = () => say({ type: "sub", epoch, topics });
  const sayHidden = () => say({ type: "vis", hidden: paused || document.hidden });
  const again = (topic) => { topics[topic] = 0; subscribe(); };

  const handlers = {
    hello(m) {
      failures = 0;
      if (outdated(m.build)) return location.reload();
      if (m.epoch !== epoch) for (const topic in topics) topics[topic] = 0;
      epoch = m.epoch;
      sayHidden();
      subscribe();
    },
    snap(m) {
      topics[m.t] = m.s;
      setParts(m.h || {});
      setValues(m.v || {});
      setRows(m);
    },
    d(m) {
      if (topics[m.t] !== m.b) {
        if (m.s > topics[m.t]) again(m.t);
        return;
      }
      topics[m.t] = m.s;
      setParts(m.h || {});
      setValues(m.v || {});
      setRows(m);
    },
    ping(m) {
      say({ type: "pong" });
      for (const topic in m.s) if (topics[topic] !== m.s[topic]) { again(topic); break; }
    },
    bye(m) { timer = -m.retry_ms; },
  };

  // A page that says "Redis is away" loads anew once the store is back.
  const recover = () => {
    const gone = document.querySelector('[data-store="away"]');
    if (away && !gone && document.querySelector("[data-retry]")) location.reload();
    away = Boolean(gone);
  };

  const receive = (event) => {
    const m = JSON.parse(event.data);
    if (!paused || !m.t) handlers[m.type]?.(m); // what was under way when it was paused comes again
    badge.frame();
    sayStatus();
    recover();
    guard();
  };

  // A connection may die without a word.
  const guard = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => socket?.close(), silence);
  };

  const poll = async () => {
    if (paused) return;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (answer.ok || answer.status === 503) setPage(await answer.text());
      if (answer.ok) badge.frame();
    } catch { /* the next attempt will tell */ }
  };

  const schedule = () => {
    clearTimeout(watchdog);
    const asked = timer < 0 ? -timer : 0;
    let wait = Math.max(asked, Math.random() * Math.min(longest, first * 2 ** failures++));
    if (failures > 3) {
      wait = Math.min(wait, 5_000);
      poll();
    }
    timer = setTimeout(open, wait);
    badge.closed(performance.now() + wait, () => { clearTimeout(timer); open(); });
  };

  const open = () => {
    timer = 0;
    if (socket && socket.readyState < WebSocket.CLOSING) return;
    const own = socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/ws/ui");
    own.onmessage = receive;
    own.onclose = () => { if (own === socket) schedule(); };
    guard();
  };

  // While paused the server sends as little as to a hidden tab; afterwards it sends all that was missed.
  const pause = () => {
    paused = !paused;
    badge.pause(paused);
    sayHidden();
    if (!paused) subscribe();
  };

  document.addEventListener("visibilitychange", sayHidden);
  badge.onPress(pause);
  addEventListener("online", () => { clearTimeout(timer); open(); });
  recover();
  open();
  return pause;
};
