// The voting room. The server is right about everything but one thing: what this voter has chosen and
// not yet got a receipt for. That stays here, in the page and in local storage, whatever happens to the line.
"use strict";
{
  const room = document.getElementById("room");
  const sittingId = Number(room.dataset.sitting);
  const texts = JSON.parse(document.getElementById("room-texts").textContent);
  const csrf = document.querySelector('meta[name="csrf-token"]').content;
  const form = document.getElementById("ballot-form");
  const part = (id) => document.getElementById(id);
  const fill = (pattern, values) => pattern.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  const ACK_WAIT_MS = 5000;
  const RETRY_MS = 3000;
  const OFFLINE_NOTICE_MS = 3000;

  let { seq, shared, own } = JSON.parse(document.getElementById("room-snapshot").textContent);
  const socket = io({ transports: ["websocket"], reconnectionDelay: 500, reconnectionDelayMax: 3000 });

  // --- following the room ---

  const enter = () => {
    const askedAt = seq;
    socket.timeout(ACK_WAIT_MS).emit("enter", { sitting_id: sittingId }, (error, answer) => {
      if (error) {
        if (socket.connected) setTimeout(enter, RETRY_MS);
      } else if (answer.ok) {
        // News that came while the answer was under way is newer than it: ask for what is ours again.
        if (answer.snapshot.seq < seq && seq > askedAt) {
          enter();
          return;
        }
        ({ seq, shared, own } = answer.snapshot);
        render();
        resumePendingBallot();
      } else if (answer.code === "forbidden") {
        showOffline(texts.words.signed_out);
      } else {
        location.reload();
      }
    });
  };

  socket.on("connect", () => {
    hideOffline();
    enter();
  });

  socket.on("enter_again", enter);

  socket.on("sitting_changed", (news) => {
    if (news.seq <= seq) return;
    const gap = news.seq > seq + 1;
    const otherBallot = news.shared.ballot?.id !== shared.ballot?.id;
    ({ seq, shared } = news);
    if (!shared.ballot) own = { may_vote: false, receipt: null };
    render();
    // What is ours is not in the news: ask when something of ours may have changed.
    if (gap || otherBallot) enter();
  });

  let offlineTimer = null;
  const showOffline = (words) => {
    const notice = part("offline");
    if (words) notice.textContent = words;
    notice.hidden = false;
  };
  const hideOffline = () => {
    clearTimeout(offlineTimer);
    offlineTimer = null;
    part("offline").hidden = true;
  };
  const lineIsDown = () => {
    offlineTimer ??= setTimeout(() => showOffline(), OFFLINE_NOTICE_MS);
  };
  socket.on("disconnect", (reason) => {
    lineIsDown();
    // Cut off by the server: by log-out or a restart. Asking again tells which.
    if (reason === "io server disconnect") setTimeout(() => socket.connect(), RETRY_MS);
  });
  socket.on("connect_error", () => {
    lineIsDown();
    // A refusal is final for the client library; a server that is just starting refuses too.
    if (!socket.active) setTimeout(() => socket.connect(), RETRY_MS);
  });

  // --- showing it ---

  const badge = (tone, label) => {
    const span = document.createElement("span");
    span.className = `status status-${tone}`;
    span.textContent = label;
    return span;
  };

  const render = () => {
    for (const defence of shared.defences) {
      const row = room.querySelector(`[data-defence="${defence.id}"]`);
      if (!row) continue;
      const label = defence.outcome ? texts.outcomes[defence.outcome] : texts.states[defence.state];
      const tone = { passed: "success", cancelled: "secondary" }[defence.outcome]
        ?? (defence.outcome ? "danger" : texts.tones[defence.state]);
      row.querySelector('[data-part="state"]').replaceChildren(badge(tone, label));
      row.querySelector('[data-part="tally"]').textContent =
        defence.tally?.passes === undefined ? "" : fill(texts.words.tally, defence.tally);
    }
    renderBallot();
    renderCurrent();
  };

  const renderBallot = () => {
    const ballot = shared.ballot;
    part("ballot-status").hidden = !ballot;
    if (ballot) {
      part("ballot-count").textContent = fill(texts.words.voted, ballot);
      part("ballot-progress").max = ballot.entitled;
      part("ballot-progress").value = ballot.voted;
    }
    if (!form) return;
    const open = Boolean(ballot && own.may_vote && !own.receipt);
    if (open && form.elements.ballot_round_id.value !== ballot.id) {
      form.reset();
      form.elements.ballot_round_id.value = ballot.id;
      const row = room.querySelector(`[data-defence="${ballot.defence_id}"] a`);
      part("ballot-title").textContent = fill(texts.words.vote_on, { name: row?.textContent ?? "" });
      showBallotError("");
      setSending(false);
    }
    form.hidden = !open;
    part("no-vote").hidden = !ballot || own.may_vote;
    part("receipt").hidden = !own.receipt;
    part("receipt-code").textContent = own.receipt ? own.receipt.slice(0, 12) : "";
  };

  const renderCurrent = async () => {
    const states = shared.defences.filter((d) => d.state !== "removed").map((d) => `${d.id}:${d.state}`).join();
    if (states === room.dataset.states) return;
    room.dataset.states = states;
    try {
      const answer = await fetch(room.dataset.currentUrl);
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (room.dataset.states !== states) return;
      for (const id of ["current", "order"]) part(id).replaceChildren(...page.getElementById(id).childNodes);
    } catch {
      // Asked again with the next snapshot, at the latest after the line is back.
      room.dataset.states = "unknown";
    }
  };

  // --- voting ---

  // Named by the voter: the next person at this browser must never send what another one chose.
  const ownPrefix = `ballot:${room.dataset.voter}:`;
  const storageKey = (ballotRoundId) => `${ownPrefix}${sittingId}:${ballotRoundId}`;
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith("ballot:") && !key.startsWith(ownPrefix)) localStorage.removeItem(key);
  }
  const newKey = () =>
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

  // While a ballot is under way its fields show what was sent and take nothing else.
  const setSending = (sending) => {
    part("ballot-fields").disabled = sending;
  };

  const showBallotError = (words) => {
    part("ballot-error").textContent = words;
    part("ballot-error").hidden = !words;
  };

  const recorded = (ballot, receipt) => {
    localStorage.removeItem(storageKey(ballot.ballot_round_id));
    if (shared.ballot?.id !== ballot.ballot_round_id) return;
    own = { may_vote: true, receipt };
    showBallotError("");
    renderBallot();
    part("receipt").scrollIntoView({ block: "nearest" });
  };

  const refused = (ballot, words) => {
    localStorage.removeItem(storageKey(ballot.ballot_round_id));
    setSending(false);
    showBallotError(words);
    enter();
  };

  const post = async (ballot) => {
    try {
      const answer = await fetch(room.dataset.ballotsUrl, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrf },
        body: JSON.stringify(ballot),
      });
      const body = await answer.json();
      if (answer.ok) recorded(ballot, body.receipt);
      else if (answer.status < 500) refused(ballot, body.message);
      else throw new Error(String(answer.status));
    } catch {
      showBallotError(texts.words.lost);
      setTimeout(() => send(ballot), RETRY_MS);
    }
  };

  // The same ballot under the same key may be sent any number of times; it counts once.
  const send = (ballot) => {
    if (!socket.connected) {
      post(ballot);
      return;
    }
    socket.timeout(ACK_WAIT_MS).emit("cast_ballot", ballot, (error, answer) => {
      if (error) post(ballot);
      else if (answer.ok) recorded(ballot, answer.receipt);
      else if (answer.code === "malformed") post(ballot); // refused there too, but in words
      else refused(ballot, answer.message || texts.words.signed_out);
    });
  };

  const resumePendingBallot = () => {
    if (!form || !shared.ballot) return;
    // Recorded, though its answer was lost: the choice has no business on this device any longer.
    if (own.receipt) localStorage.removeItem(storageKey(shared.ballot.id));
    const kept = localStorage.getItem(storageKey(shared.ballot.id));
    if (kept && !part("ballot-fields").disabled) {
      setSending(true);
      showBallotError(texts.words.sending);
      send(JSON.parse(kept));
    }
  };

  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    const data = new FormData(form);
    const choice = data.get("choice");
    if (!choice) return showBallotError(texts.words.choose);
    if (choice === "veto" && !data.get("veto_reason")) return showBallotError(texts.words.reason);
    const ballot = {
      ballot_round_id: data.get("ballot_round_id"),
      choice,
      veto_reason: choice === "veto" ? data.get("veto_reason") : null,
      comment: choice === "veto" ? data.get("comment") : null,
      key: newKey(),
    };
    localStorage.setItem(storageKey(ballot.ballot_round_id), JSON.stringify(ballot));
    setSending(true);
    showBallotError(texts.words.sending);
    send(ballot);
  });

  // Closing early is a question of this moment's numbers; the other questions are confirm.js's.
  document.addEventListener("click", (event) => {
    const question = event.target.closest("[data-confirm-early]")?.dataset.confirmEarly;
    const early = shared.ballot && shared.ballot.voted < shared.ballot.entitled;
    if (question && early && !window.confirm(question)) event.preventDefault();
  });
}
