// Theme and copying.
import { keep } from "./store.js";

const themes = ["system", "light", "dark"];
const root = document.documentElement;
const button = document.getElementById("theme");
const theme = () => root.dataset.theme || "system";
const following = () => themes[(themes.indexOf(theme()) + 1) % themes.length];

const show = () => { button.title = `Theme: ${theme()}. Next: ${following()}`; };

export const turnTheme = () => {
  const chosen = following();
  if (chosen === "system") delete root.dataset.theme;
  else root.dataset.theme = chosen;
  keep("theme", chosen === "system" ? "" : chosen);
  show();
};

const copy = async (button) => {
  const text = document.getElementById(button.dataset.copy).textContent;
  let word = "Copied";
  try { await navigator.clipboard.writeText(text); } catch { word = "Not allowed"; }
  button.textContent = word;
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
};

export const tools = () => {
  show();
  button.addEventListener("click", turnTheme);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
  });
};
