// Asks before a click on what cannot be undone, and leaves no unsent ballot behind at sign-out.
"use strict";
document.addEventListener("click", (event) => {
  const asked = event.target.closest("[data-confirm]");
  const question = asked?.dataset.confirm;
  // What is missing in the form is said first, by the browser.
  if (asked?.form && !asked.formNoValidate && !asked.form.checkValidity()) return;
  if (question && !window.confirm(question)) event.preventDefault();
});
document.getElementById("sign-out")?.addEventListener("submit", () => {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith("ballot:")) localStorage.removeItem(key);
  }
});
