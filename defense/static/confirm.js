// Asks before a click on what cannot be undone, and leaves no unsent ballot behind at sign-out.
"use strict";
document.addEventListener("click", (event) => {
  const question = event.target.closest("[data-confirm]")?.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});
document.getElementById("sign-out")?.addEventListener("submit", () => {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith("ballot:")) localStorage.removeItem(key);
  }
});
