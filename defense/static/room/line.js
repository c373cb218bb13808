// The line to the server: one socket, numbered news, and a notice only when it is really down.
export const ACK_WAIT_MS = 2500;
const ENTER_AGAIN_MS = 300;
export const RETRY_MS = 1500;
const OFFLINE_NOTICE_MS = 3000;

/**
 * Follow one sitting.
 *
 * `first` is the snapshot that the page came with. `listener` has `changed(state, before)`, called with every
 * newer state; `entered()`, after each snapshot; `nudged()`; and `offline(words | null)`, the notice to show.
 * Returns the line: its `state`, `enter()`, `connected` and `emit(event, data, answer)`.
 */
export const openLine = (sittingId, csrf, first, refusedPage, texts, listener) => {
  let state = { ...first };
  const socket = io({
    path: "/socket.io",
    query: { sitting: sittingId },
    auth: { csrf_token: csrf },
    transports: ["websocket"],
    reconnectionDelay: 300,
    reconnectionDelayMax: 1500,
  });

  const update = (changes) => {
    const before = state;
    state = { ...state, ...changes };
    listener.changed(state, before);
  };

  let consoleNews = 0;
  const enter = () => {
    const askedAt = state.seq;
    const heard = consoleNews;
    socket.timeout(ACK_WAIT_MS).emit("enter", { sitting_id: sittingId }, (error, answer) => {
      if (error) {
        if (socket.connected) setTimeout(enter, ENTER_AGAIN_MS);
      } else if (!answer.ok) {
        askWhyRefused();
      } else if (answer.snapshot.seq < state.seq && state.seq > askedAt) {
        enter(); // News overtook the answer: what is ours in it is older than what everyone knows.
      } else {
        const { console, ...snapshot } = answer.snapshot;
        update(heard === consoleNews ? { ...snapshot, console } : snapshot);
        listener.entered();
      }
    });
  };

  socket.on("enter_again", enter);
  socket.on("nudged", () => listener.nudged());
  socket.on("sitting_changed", ({ seq, shared }) => {
    if (seq <= state.seq) return;
    const otherBallot = shared.ballot?.id !== state.shared.ballot?.id;
    // What is ours is not in the news; until the answer is here it is not known.
    update({ seq, shared, ...(otherBallot && { own: null }) });
    if (otherBallot) enter();
  });
  socket.on("console_changed", ({ console }) => {
    consoleNews += 1;
    update({ console });
  });

  // --- the notice: blips say nothing, three seconds do ---

  let noticeTimer = null;
  const lineIsDown = () => {
    noticeTimer ??= setTimeout(() => listener.offline(texts.offline), OFFLINE_NOTICE_MS);
  };
  const lineIsUp = () => {
    clearTimeout(noticeTimer);
    noticeTimer = null;
    listener.offline(null);
  };
  // The server does not say why it refuses a socket; the page behind the same door does.
  const askWhyRefused = async () => {
    const answer = await fetch(refusedPage, { headers: { Accept: "application/json" } }).catch(() => null);
    if (answer?.redirected || answer?.status === 401) listener.offline(texts.signed_out);
    else if (answer?.status === 403 || answer?.status === 404) listener.offline(texts.no_seat);
  };

  socket.on("connect", () => {
    lineIsUp();
    enter();
  });
  socket.on("disconnect", (reason) => {
    lineIsDown();
    if (reason === "io server disconnect") setTimeout(() => socket.connect(), RETRY_MS);
  });
  socket.on("connect_error", () => {
    lineIsDown();
    if (socket.active) return;
    // A refusal is final for the client library; a server that is just starting refuses too.
    askWhyRefused();
    setTimeout(() => socket.connect(), RETRY_MS);
  });
  // A phone that wakes up must not wait for the next try.
  const wake = () => {
    if (document.visibilityState === "visible" && !socket.connected) socket.connect();
  };
  document.addEventListener("visibilitychange", wake);
  window.addEventListener("online", wake);

  return {
    get state() {
      return state;
    },
    get connected() {
      return socket.connected;
    },
    enter,
    recorded: (receipt) => update({ own: { ...state.own, may_vote: true, receipt } }),
    emit: (event, data, answer) => socket.timeout(ACK_WAIT_MS).emit(event, data, answer),
    onConnect: (act) => socket.on("connect", act),
  };
};
