// Follows a solver run: asks once a second, fills in the figures, reloads when it has ended.
"use strict";
{
  const section = document.getElementById("run");
  const show = (name, value) => {
    section.querySelector(`[data-run="${name}"]`).textContent = value ?? "—";
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
      for (const name of ["placed", "placed_bound", "opened", "opened_bound"]) show(name, run.progress[name]);
    } catch {
      // The line or the server is away for a moment; the run goes on without this page.
    }
    setTimeout(ask, 1000);
  };
  ask();
}
