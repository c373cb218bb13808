// The ballot. The server is right about everything but one thing: what this voter has chosen and not yet got a
// receipt for. That stays here, in the form and in local storage, whatever happens to the line.
import { RETRY_MS } from "./line.js";

const MESSAGE_BYTES = 1600;
const part = (id) => document.getElementById(id);
const bytesOf = (value) => new TextEncoder().encode(JSON.stringify(value)).length;

/** The same length whatever was chosen and remarked, so that the line's traffic tells nothing. */
const padded = (ballot) => ({ ...ballot, pad: "0".repeat(Math.max(0, MESSAGE_BYTES - bytesOf({ ...ballot, pad: "" }))) });

const newKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Points as tenths from what was typed, full-width digits too; null for what is no score with one decimal. */
export const scoreTenths = (typed) => {
  const found = /^(\d{1,3})(?:\.(\d))?$/.exec(typed.trim().normalize("NFKC"));
  const tenths = found ? Number(found[1]) * 10 + Number(found[2] ?? 0) : null;
  return tenths !== null && tenths <= 1000 ? tenths : null;
};

export const ballotDesk = (form, { line, voter, sittingId, url, csrf, texts, announce }) => {
  // Named by the voter: the next person at this browser must never send what another one chose.
  const ownPrefix = `ballot:${voter}:${sittingId}:`;
  const storageKey = (ballotRoundId) => ownPrefix + ballotRoundId;
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith("ballot:") && !key.startsWith(`ballot:${voter}:`)) localStorage.removeItem(key);
  }
  form.noValidate = true; // Ours says it in the reader's language, and beside the field.

  const underWay = new Map(); // round → timer of the next try, or null while a try is out

  const setSending = (sending) => {
    part("ballot-fields").disabled = sending;
  };
  const showError = (words, field) => {
    part("ballot-error").textContent = words;
    part("ballot-error").hidden = !words;
    for (const invalid of form.querySelectorAll("[aria-invalid]")) invalid.removeAttribute("aria-invalid");
    field?.setAttribute("aria-invalid", "true");
    field?.focus();
  };
  const isCurrent = (ballot) => ballot.ballot_round_id === line.state.shared.ballot?.id;
  const tellEarlier = (words) => {
    part("earlier-ballot-words").textContent = words;
    part("earlier-ballot").hidden = false;
  };

  // --- sending: the same ballot under the same key may be sent any number of times; it counts once ---

  const settle = (ballot) => {
    clearTimeout(underWay.get(ballot.ballot_round_id));
    underWay.delete(ballot.ballot_round_id);
    localStorage.removeItem(storageKey(ballot.ballot_round_id));
  };

  const recorded = (ballot, receipt) => {
    settle(ballot);
    if (!isCurrent(ballot)) {
      tellEarlier(texts.earlier_recorded);
      return;
    }
    showError("");
    line.recorded(receipt);
    part("receipt-title").focus();
  };

  const refused = (ballot, words) => {
    settle(ballot);
    if (isCurrent(ballot)) {
      setSending(false);
      showError(words);
      form.querySelector("button:not([type=button])").focus();
    } else {
      tellEarlier(`${texts.earlier_dropped} ${words}`);
    }
    line.enter();
  };

  const post = async (ballot) => {
    try {
      const answer = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrf },
        body: JSON.stringify(padded(ballot)),
      });
      const body = await answer.json();
      if (answer.ok) recorded(ballot, body.receipt);
      else if (answer.status < 500 && answer.status !== 429) refused(ballot, body.message);
      else throw new Error(String(answer.status));
    } catch {
      if (isCurrent(ballot)) showError(texts.lost);
      underWay.set(ballot.ballot_round_id, setTimeout(send, RETRY_MS, ballot));
    }
  };

  const send = (ballot) => {
    underWay.set(ballot.ballot_round_id, null);
    if (!line.connected) {
      post(ballot);
      return;
    }
    line.emit("cast_ballot", padded(ballot), (error, answer) => {
      if (error) post(ballot);
      else if (answer.ok) recorded(ballot, answer.receipt);
      else if (answer.message) refused(ballot, answer.message);
      else post(ballot); // refused there too, but in words
    });
  };

  /** Send what an earlier page or a broken line left behind; an older round's ballot is answered in words. */
  const resume = () => {
    for (const key of Object.keys(localStorage).filter((name) => name.startsWith(ownPrefix))) {
      const ballot = JSON.parse(localStorage.getItem(key));
      const round = ballot.ballot_round_id;
      // Recorded, though its answer was lost: the choice has no business on this device any longer.
      if (isCurrent(ballot) && line.state.own?.receipt) {
        settle(ballot);
      } else if (!underWay.has(round) || underWay.get(round) !== null) {
        clearTimeout(underWay.get(round));
        if (isCurrent(ballot)) {
          setSending(true);
          showError(texts.sending);
        }
        send(ballot);
      }
    }
  };

  // --- the form ---

  const field = (name) => form.elements[name];

  /** What the form says as a ballot, or null when something is missing, which is then said. */
  const read = () => {
    const data = new FormData(form);
    const choice = data.get("choice");
    const say = (words, input) => {
      showError(words, input);
      return null;
    };
    if (!choice) return say(texts.choose, form.querySelector("[name=choice]"));
    if (choice === "veto" && !data.get("veto_reason")) return say(texts.reason, form.querySelector("[name=veto_reason]"));
    const tenths = choice === "score" ? scoreTenths(data.get("score")) : null;
    if (choice === "score" && tenths === null) return say(texts.score, field("score"));
    return {
      ballot_round_id: data.get("ballot_round_id"),
      choice,
      veto_reason: choice === "veto" ? data.get("veto_reason") : null,
      comment: data.get("comment")?.trim() || null,
      score_tenths: tenths,
      key: newKey(),
    };
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const ballot = read();
    if (!ballot) return;
    localStorage.setItem(storageKey(ballot.ballot_round_id), JSON.stringify(ballot));
    setSending(true);
    showError(texts.sending);
    send(ballot);
  });
  // Points typed are points meant.
  field("score")?.addEventListener("input", () => {
    form.querySelector("[value=score]").checked = true;
  });
  part("earlier-ballot-close").addEventListener("click", () => {
    part("earlier-ballot").hidden = true;
  });

  const typing = () => document.activeElement?.closest("form:not(#ballot-form) :is(input, textarea, select)");

  /** Bring the voter to a ballot that has just opened, unless they are in the middle of writing elsewhere. */
  const lead = () => {
    if (typing()) return;
    part("ballot-title").focus({ preventScroll: true });
    window.scrollTo({ top: 0, behavior: "instant" });
  };

  // When the open form is out of sight, one touch leads to it.
  const sight = new IntersectionObserver((seen) => {
    // Several at once when the form moved more than once; the last one holds.
    part("ballot-jump").hidden = form.hidden || seen.at(-1).isIntersecting;
  });

  let nudgeSeen = null;
  /** Fit the page to the room. A form that belongs to the open ballot is left as its voter has it. */
  const render = ({ shared: { ballot }, own }, candidateName) => {
    const open = Boolean(ballot && own?.may_vote && !own.receipt);
    const appeared = open && form.hidden;
    if (open && field("ballot_round_id").value !== ballot.id) {
      form.reset();
      field("ballot_round_id").value = ballot.id;
      part("ballot-candidate").textContent = candidateName;
      showError("");
      setSending(false);
    }
    form.hidden = !open;
    part("no-vote").hidden = !(ballot && own && !own.may_vote);
    part("receipt").hidden = !own?.receipt;
    part("receipt-code").textContent = own?.receipt?.slice(0, 12) ?? "";
    if (appeared) {
      lead();
      sight.unobserve(form); // A form that appears out of sight was out of sight before: ask anew.
    }
    sight.observe(form);
    if (!open) part("ballot-jump").hidden = part("nudge").hidden = true;
    else if (own.nudged_at && own.nudged_at !== nudgeSeen) nudged();
    nudgeSeen = own?.nudged_at ?? nudgeSeen;
  };

  const nudged = () => {
    if (form.hidden) return;
    part("nudge").hidden = false;
    announce(texts.nudged);
  };
  form.addEventListener("input", () => {
    part("nudge").hidden = true;
  });

  return { render, resume, nudged };
};
