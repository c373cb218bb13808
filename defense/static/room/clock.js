// Time by the server's clock: the time used in the present phase, and the bell.
const SAMPLES = 5;
const SAMPLE_EVERY_MS = 250;
const SAMPLE_AGAIN_MS = 5 * 60_000;
const BELL_FRESH_MS = 5000;
const BELL_SHOWN_MS = 4000;

/** The server's clock, as near as the fastest of a few questions tells. `renderedAt` is the page's first guess. */
export const serverClock = (line, renderedAt) => {
  let offset = renderedAt - Date.now();
  const measure = () => {
    let fastest = Infinity;
    const ask = (left) => {
      const askedAt = Date.now();
      line.emit("clock", {}, (error, answer) => {
        const tookMs = Date.now() - askedAt;
        if (!error && answer.ok && tookMs < fastest) {
          fastest = tookMs;
          offset = answer.now_ms - askedAt - tookMs / 2;
        }
        if (left > 1 && line.connected) setTimeout(() => ask(left - 1), SAMPLE_EVERY_MS);
      });
    };
    ask(SAMPLES);
  };
  line.onConnect(measure);
  setInterval(() => line.connected && measure(), SAMPLE_AGAIN_MS);
  return () => Date.now() + offset;
};

export const minutes = (ms) => {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  const two = (n) => String(n).padStart(2, "0");
  return `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
};

/** Show the running phase in `box` (used, of how much, what remains or how far over). */
export const showPhaseClock = (box, clock, now) => {
  box.hidden = !clock;
  if (!clock) return;
  const used = clock.elapsed_ms + (clock.running_since === null ? 0 : Math.max(0, now() - clock.running_since));
  const left = clock.limit_s === null ? null : clock.limit_s * 1000 - used;
  const put = (part, words) => {
    const field = box.querySelector(`[data-clock="${part}"]`);
    if (field.textContent !== words) field.textContent = words;
  };
  const over = left !== null && left < 0;
  box.classList.toggle("phase-clock-over", over);
  box.classList.toggle("phase-clock-paused", clock.running_since === null);
  put("used", minutes(used));
  put("limit", left === null ? "" : minutes(clock.limit_s * 1000));
  // Rounded up: "00:01" is still time left, and "00:00" is none.
  put("left", left === null || over ? "" : minutes(left + 999));
  put("over", over ? minutes(-left) : "");
  for (const row of box.querySelectorAll("[data-clock-row]")) {
    const shown = { limit: left !== null, left: left !== null && !over, over, paused: clock.running_since === null };
    row.hidden = !shown[row.dataset.clockRow];
  }
  for (const form of box.querySelectorAll("[data-clock-move]")) {
    form.hidden = (form.dataset.clockMove === "pause") !== (clock.running_since !== null);
  }
};

/** Ring once for each fresh `bell_at`: a tone where the browser lets us, a banner everywhere. */
export const bellRinger = (banner, now) => {
  let heard = null;
  let audio = null;
  const allowSound = () => {
    audio ??= new AudioContext();
    audio.resume();
  };
  for (const gesture of ["pointerdown", "keydown"]) window.addEventListener(gesture, allowSound, { once: true });

  const beep = () => {
    if (audio?.state !== "running") return;
    for (const at of [0, 0.35]) {
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      tone.frequency.value = 880;
      volume.gain.setValueAtTime(0.25, audio.currentTime + at);
      volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + at + 0.3);
      tone.connect(volume).connect(audio.destination);
      tone.start(audio.currentTime + at);
      tone.stop(audio.currentTime + at + 0.3);
    }
  };

  return (bellAt) => {
    if (bellAt === null || bellAt === undefined || bellAt === heard) return;
    heard = bellAt;
    if (Math.abs(now() - bellAt) > BELL_FRESH_MS) return;
    beep();
    banner.hidden = false;
    setTimeout(() => {
      banner.hidden = true;
    }, BELL_SHOWN_MS);
  };
};
