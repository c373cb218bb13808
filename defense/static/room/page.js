// The page around the ballot: states and numbers in place, and the parts that the server draws anew.
const part = (id) => document.getElementById(id);
export const fill = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (_, name) => values[name]);

const setText = (field, words) => {
  if (field && field.textContent !== words) field.textContent = words;
};

const badge = (tone, label) => {
  const span = document.createElement("span");
  span.className = `status status-${tone}`;
  span.textContent = label;
  return span;
};

/** State and numbers of every defence in the list. */
export const showStates = (defences, texts) => {
  for (const defence of defences) {
    const row = document.querySelector(`[data-defence="${defence.id}"]`);
    if (!row) continue;
    const label = defence.outcome ? texts.outcomes[defence.outcome] : texts.states[defence.state];
    const tone = texts.tones[defence.outcome ?? defence.state];
    row.querySelector('[data-part="state"]').replaceChildren(badge(tone, label));
    setText(row.querySelector('[data-part="tally"]'), tallyWords(defence.tally, texts.words));
  }
};

const tallyWords = (tally, words) => {
  if (tally?.verdict === "invalid") return fill(words.invalid, tally);
  if (tally?.mean !== undefined) return fill(words.mean, tally);
  return tally?.passes === undefined ? "" : fill(words.tally, tally);
};

/** How many of how many have voted. */
export const showCount = (ballot, words) => {
  part("ballot-status").hidden = !ballot;
  if (!ballot) return;
  setText(part("ballot-count"), fill(words.voted, ballot));
  part("ballot-progress").max = ballot.entitled;
  part("ballot-progress").value = ballot.voted;
};

/** Who is in the room and who has not voted, for whoever conducts it. */
export const showMembers = (members, words) => {
  for (const member of members) {
    const row = document.querySelector(`[data-member="${member.expert_id}"]`);
    if (!row) continue;
    row.classList.toggle("member-present", member.present);
    setText(row.querySelector('[data-part="presence"]'), member.present ? words.present : words.away);
    const vote = member.entitled === null ? "" : !member.entitled ? words.recused : member.voted ? words.has_voted : words.not_voted;
    setText(row.querySelector('[data-part="vote"]'), vote);
    row.classList.toggle("member-voted", member.voted === true);
    row.classList.toggle("member-missing", member.entitled === true && !member.voted);
    const nudge = row.querySelector('[data-part="nudge"]');
    if (nudge) nudge.hidden = !(member.entitled && !member.voted);
  }
  setText(part("members-present"), fill(words.present_count, {
    present: members.filter((member) => member.present).length, of: members.length,
  }));
};

/** Names of the members who may still vote. */
export const missingMembers = (members) =>
  (members ?? []).filter((member) => member.entitled && !member.voted).map((member) => member.name);

// --- the parts that the server draws ---

/** Put `fresh` in the place of what is in `box`, and keep what somebody is writing there. */
const replaceKeeping = (box, fresh) => {
  const fields = [...box.querySelectorAll("input[id], textarea[id], select[id]")];
  const written = fields.filter((field) => field.value !== (field.defaultValue ?? "")).map((field) => [field.id, field.value]);
  const opened = [...box.querySelectorAll("details[id][open]")].map((details) => details.id);
  const focused = box.contains(document.activeElement) ? document.activeElement.id : "";
  box.replaceChildren(...fresh.childNodes);
  for (const id of opened) part(id)?.setAttribute("open", "");
  for (const [id, value] of written) if (part(id)) part(id).value = value;
  if (focused) part(focused)?.focus({ preventScroll: true });
};

/**
 * Draws anew, when a state changes or `anew` says so, what the server draws: the candidate, the order, the
 * record. `drawn` is called after it.
 */
export const serverParts = (room, drawn) => {
  const statesOf = (defences) => defences.map((d) => `${d.id}:${d.state}:${d.outcome ?? ""}`).join();
  let shown = null;
  const draw = async (states) => {
    const answer = await fetch(room.dataset.currentUrl);
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (shown !== states) return;
    // Another rule than the form was made for: the settings changed before the first ballot.
    if (page.getElementById("current").dataset.shape !== part("current").dataset.shape) return location.reload();
    for (const id of ["current", "order", "record"]) {
      const fresh = page.getElementById(id);
      if (id === "record" && fresh.dataset.of === part(id).dataset.of) continue;
      part(id).dataset.of = fresh.dataset.of ?? "";
      replaceKeeping(part(id), fresh);
    }
    drawn();
  };
  return (defences, anew = false) => {
    const states = statesOf(defences);
    shown ??= states; // The page came with this state.
    if (states === shown && !anew) return;
    shown = states;
    draw(states).catch(() => {
      shown = ""; // Asked again with the next news, at the latest when the line is back.
    });
  };
};
