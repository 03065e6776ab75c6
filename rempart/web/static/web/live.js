// Live updates: the server names topics that changed; the page fetches its own fragments again.
(() => {
  "use strict";
  const address = document.body.dataset.liveUrl;
  const status = document.querySelector("[data-live-status]");
  if (!address || !status) return;
  const french = document.documentElement.lang === "fr";

  function clock() {
    // The government's own zone, as every other time on the page.
    const form = { timeZone: status.dataset.zone, hourCycle: "h23", hour: "2-digit", minute: "2-digit", second: "2-digit" };
    const [h, m, s] = new Intl.DateTimeFormat("en-CA", form).format(new Date()).split(":");
    return french ? `${Number(h)}\u00a0h\u00a0${m}\u00a0min\u00a0${s}\u00a0s` : `${h}:${m}:${s}`;
  }

  function say(state, text) {
    status.className = `live ${state}`;
    status.querySelector("span").textContent = text;
  }

  // Rows whose words changed, times aside, light once.
  const words = (row) => {
    const copy = row.cloneNode(true);
    copy.querySelectorAll("time").forEach((time) => time.remove());
    return copy.textContent;
  };
  const before = new Map();
  document.addEventListener("htmx:beforeSwap", () => {
    before.clear();
    document.querySelectorAll("tr[id], [data-rows] > li[id]").forEach((row) => before.set(row.id, words(row)));
  });
  let live = false;
  document.addEventListener("htmx:afterSettle", () => {
    if (!live) return;
    document.querySelectorAll("tr[id], [data-rows] > li[id]").forEach((row) => {
      if (before.get(row.id) !== words(row)) row.classList.add("changed");
    });
    live = false;
  });

  const busy = (element) => element.contains(document.activeElement) && document.activeElement.matches("input:not([type=checkbox]), select, textarea")
    || element.querySelector("details.menu[open], [name=selected]:checked");

  function refresh(topic) {
    live = true;
    document.body.dispatchEvent(new CustomEvent(`live:${topic}`, { bubbles: true }));
    document.querySelectorAll(`[data-live~="${topic}"][id]`).forEach((element) => {
      if (busy(element)) return;
      window.htmx.ajax("GET", location.pathname + location.search, { target: `#${element.id}`, select: `#${element.id}`, swap: "outerHTML" });
    });
    say("on", `${status.dataset.on} · ${status.dataset.since} ${clock()}`);
  }

  // Several topics often change together: refresh once, a moment later.
  const waiting = new Set();
  let timer = 0;
  function changed(topics) {
    topics.forEach((topic) => waiting.add(topic));
    clearTimeout(timer);
    timer = setTimeout(() => { waiting.forEach(refresh); waiting.clear(); }, 250);
  }

  let source = null;
  function connect() {
    source = new EventSource(address);
    source.onopen = () => say("on", status.dataset.on);
    source.onerror = () => say("off", status.dataset.off);
    source.addEventListener("changed", (event) => changed(event.data.split(" ")));
    source.addEventListener("ended", () => { source.close(); location.reload(); });
  }
  connect();
  // A hidden tab holds no connection; it catches up when shown again.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { source.close(); return; }
    connect();
    changed([...new Set([...document.querySelectorAll("[data-live]")].flatMap((each) => each.dataset.live.split(" ")))].filter(Boolean));
  });
})();
