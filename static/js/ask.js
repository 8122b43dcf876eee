// Asks before something is destroyed: the server's own page with the question, as a dialog over this one.

export const ask = async (href) => {
  let page = null;
  try {
    const answer = await fetch(href, { headers: { Accept: "text/html" } });
    if (answer.ok) page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch { /* then the page itself tells what is wrong */ }
  const question = page?.querySelector(".ask");
  if (!question) return location.assign(href);
  const dialog = document.createElement("dialog");
  question.querySelector("h1").id = "question";
  dialog.setAttribute("aria-labelledby", "question");
  dialog.append(document.adoptNode(question));
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => {
    if (!event.target.closest("a.button")) return; // the link back
    event.preventDefault();
    dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
};

export const questions = () => document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-ask]");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  ask(link.href);
});
