// The waiting screen: asks once a second what is shown, and says so when it no longer knows.
"use strict";
{
  const ASK_EVERY_MS = 1000;
  const GIVE_UP_MS = 6000;
  const OFFLINE_NOTICE_MS = 3000;
  const page = document.body.dataset;
  const part = (id) => document.getElementById(id);

  let offset = Number(page.now) - Date.now();
  let etag = "";
  let asked = 0;
  let shown = 0; // Number of the newest question that was answered.
  let answeredAt = Date.now();

  // A question that hangs in a broken line holds up none of those after it.
  const ask = async () => {
    const number = ++asked;
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), GIVE_UP_MS);
    try {
      const answer = await fetch(page.stateUrl, {
        cache: "no-store", signal: stop.signal, headers: etag ? { "If-None-Match": etag } : {},
      });
      if (answer.status !== 304 && !answer.ok) throw new Error(String(answer.status));
      const body = answer.status === 304 ? null : await answer.text();
      if (number < shown) return;
      shown = number;
      answeredAt = Date.now();
      const serverTime = Date.parse(answer.headers.get("Date") ?? "");
      // The header knows whole seconds only: correct what is clearly wrong, and let the rest be.
      if (Math.abs(serverTime - Date.now() - offset) > 2000) offset = serverTime - Date.now();
      if (body !== null) {
        etag = answer.headers.get("ETag") ?? "";
        const fresh = new DOMParser().parseFromString(body, "text/html");
        part("screen-state").replaceChildren(...fresh.body.childNodes);
      }
      showLine();
    } catch {
      showLine();
    } finally {
      clearTimeout(timer);
    }
  };

  const showLine = () => {
    part("screen-offline").hidden = Date.now() - answeredAt < OFFLINE_NOTICE_MS;
  };

  const clock = (zone) => new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const clocks = { "clock-beijing": clock("Asia/Shanghai"), "clock-xinjiang": clock("Asia/Urumqi") };
  const tick = () => {
    for (const [id, format] of Object.entries(clocks)) part(id).textContent = format.format(Date.now() + offset);
    showLine();
  };

  setInterval(ask, ASK_EVERY_MS);
  setInterval(tick, 250);
  for (const event of ["online", "pageshow", "focus"]) window.addEventListener(event, ask);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && ask());
  tick();
}
