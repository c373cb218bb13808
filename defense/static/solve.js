// Follows a solver run: asks once a second, fills in the figures, reloads when it has ended.
"use strict";
{
  const section = document.getElementById("run");
  const table = document.getElementById("run-terms");
  const show = (name, value) => {
    section.querySelector(`[data-run="${name}"]`).textContent = value ?? "—";
  };
  const boundOf = (term) => {
    if (term.best_bound === null || term.best_bound === undefined) return "—";
    if (term.best_bound === term.value) return `✓ ${table.dataset.proven}`;
    const words = term.sense === "maximise" ? table.dataset.atMost : table.dataset.atLeast;
    return `${words} ${term.best_bound}`;
  };
  const showTerms = (terms) => {
    table.hidden = terms.length === 0;
    table.tBodies[0].replaceChildren(
      ...terms.map((term) => {
        const row = document.createElement("tr");
        for (const text of [term.label, term.value ?? "—", boundOf(term)]) row.insertCell().textContent = text;
        return row;
      }),
    );
  };
  const ask = async () => {
    try {
      const answer = await fetch(section.dataset.url, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const run = await answer.json();
      if (run.state !== "queued" && run.state !== "running") {
        location.reload();
        return;
      }
      show("seconds", run.seconds);
      show("seconds_left", run.seconds_left);
      for (const name of ["placed", "placed_bound", "opened", "opened_bound"]) show(name, run.progress[name]);
      showTerms(run.progress.terms);
    } catch {
      // The line or the server is away for a moment; the run goes on without this page.
    }
    setTimeout(ask, 1000);
  };
  ask();
}
