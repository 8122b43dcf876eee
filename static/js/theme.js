// Sets the chosen theme before anything is painted. Without a choice the system's applies.
try {
  const theme = localStorage.getItem("theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch { /* storage may be forbidden: then the system's theme applies */ }
document.documentElement.classList.add("scripted");
