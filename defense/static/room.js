// The voting room: joins the line, the ballot, the clock and the page.
import { ballotDesk } from "./room/ballot.js";
import { bellRinger, serverClock, showPhaseClock } from "./room/clock.js";
import { openLine } from "./room/line.js";
import { fill, missingMembers, serverParts, showCount, showMembers, showStates } from "./room/page.js";

const part = (id) => document.getElementById(id);
const room = part("room");
const sittingId = Number(room.dataset.sitting);
const csrf = document.querySelector('meta[name="csrf-token"]').content;
const texts = JSON.parse(part("room-texts").textContent);
const words = texts.words;
const snapshot = JSON.parse(part("room-snapshot").textContent);

/** For those who listen to the page; the visible change is beside it. */
const announce = (message) => {
  part("announcer").textContent = "";
  setTimeout(() => {
    part("announcer").textContent = message;
  }, 50);
};

const nameOf = (defenceId) => room.querySelector(`[data-defence="${defenceId}"] [data-part="name"]`)?.textContent ?? "";
const live = () => line.state.shared.defences.find((defence) => defence.clock);

const show = () => {
  const { shared, console } = line.state;
  showStates(shared.defences, texts);
  showCount(shared.ballot, words);
  if (console) showMembers(console.members, words);
  desk?.render(line.state, nameOf(shared.ballot?.defence_id));
  tick();
};

const tick = () => {
  const box = part("phase-clock");
  if (box) showPhaseClock(box, live()?.clock ?? null, now);
};

const changed = (state, before) => {
  show();
  // Something changed that everyone's news does not show: a request to vote again, or its answer.
  const unseen = state.seq !== before.seq && JSON.stringify(state.shared) === JSON.stringify(before.shared);
  drawParts(state.shared.defences, Boolean(state.console) && unseen);
  ring(state.shared.bell_at);
  const [opened, closed] = [state.shared.ballot, before.shared.ballot];
  if (opened && opened.id !== closed?.id) announce(fill(words.opened, { name: nameOf(opened.defence_id) }));
  else if (closed && !opened) announce(fill(words.closed, { name: nameOf(closed.defence_id) }));
  // Sealed while we watched: everything on the page has become final.
  if (state.shared.sealed && !before.shared.sealed) location.reload();
};

const line = openLine(sittingId, csrf, snapshot, room.dataset.currentUrl, words, {
  changed,
  entered: () => desk?.resume(),
  nudged: () => desk?.nudged(),
  offline: (message) => {
    part("offline").textContent = message ?? "";
    part("offline").hidden = message === null;
  },
});
const now = serverClock(line, Number(room.dataset.now));
const ring = bellRinger(part("bell"), now);
const drawParts = serverParts(room, show);
const form = part("ballot-form");
const desk = form && ballotDesk(form, {
  line, voter: room.dataset.voter, sittingId, url: room.dataset.ballotsUrl, csrf, texts: words, announce,
});
drawParts(snapshot.shared.defences);
show();
setInterval(tick, 250);

// Closing early is a question of this moment's numbers; the other questions are confirm.js's.
document.addEventListener("click", (event) => {
  if (!event.target.closest("#close-ballot")) return;
  const missing = missingMembers(line.state.console?.members);
  const question = fill(words.close_early, { n: missing.length, names: missing.join(words.comma) });
  if (missing.length && !window.confirm(question)) event.preventDefault();
});

// Bell, clock and nudges need no new page: what they change comes as news.
document.addEventListener("submit", async (event) => {
  const quiet = event.target.closest("form[data-quiet]");
  if (!quiet) return;
  event.preventDefault();
  const button = event.submitter ?? quiet.querySelector("button");
  button.disabled = true;
  const answer = await fetch(quiet.action, {
    method: "POST", body: new FormData(quiet), headers: { Accept: "application/json" }, redirect: "manual",
  }).catch(() => null);
  const done = answer?.type === "opaqueredirect" || answer?.ok;
  const refusal = done ? "" : (await answer?.json().catch(() => null))?.message ?? words.not_done;
  part("quiet-error").textContent = refusal;
  part("quiet-error").hidden = done;
  if (done && quiet.dataset.quiet) announce(quiet.dataset.quiet);
  setTimeout(() => {
    button.disabled = false;
  }, 800);
});
