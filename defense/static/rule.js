// The round's settings: the rule in words follows the fields while they are being changed.
const output = document.getElementById("rule-text");
const form = output.closest("form");

form.addEventListener("change", async () => {
  const fields = new FormData(form);
  fields.delete("csrf_token");
  const answer = await fetch(`${output.dataset.address}?${new URLSearchParams(fields)}`);
  // What cannot be kept has no words; saving says why.
  output.textContent = answer.ok ? await answer.text() : "—";
});
