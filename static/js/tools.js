// Theme and copying.

const flip = () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try { localStorage.setItem("theme", root.dataset.theme); } catch { /* then it holds for this page */ }
};

const copy = async (button) => {
  const text = document.getElementById(button.dataset.copy).textContent;
  let word = "Copied";
  try { await navigator.clipboard.writeText(text); } catch { word = "Not allowed"; }
  button.textContent = word;
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
};

export const tools = () => {
  document.getElementById("theme").addEventListener("click", flip);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
  });
};
