// Live updates: the server names topics that changed; the page fetches its own fragments again.
(() => {
  "use strict";
  const address = document.body.dataset.liveUrl;
  const status = document.querySelector("[data-live-status]");
  if (!address || !status) return;
  let source = null;
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

  // One request at a time for a fragment. What changes meanwhile, or while its reader is at work in it, is
  // fetched later: an answer that arrives for an element already replaced would be lost.
  const stale = new Set();
  const fetching = new Set();
  async function fetchAgain(id) {
    stale.add(id);
    const element = document.getElementById(id);
    if (!element) { stale.delete(id); return; }
    if (fetching.has(id) || busy(element)) return;
    stale.delete(id);
    fetching.add(id);
    live = true;
    try {
      await window.htmx.ajax("GET", location.pathname + location.search, { source: element, target: element, select: `#${id}`, swap: "outerHTML" });
    } catch {
      stale.add(id);
    } finally {
      fetching.delete(id);
    }
  }
  setInterval(() => { if (source.readyState === EventSource.OPEN) [...stale].forEach(fetchAgain); }, 1000);

  // Several topics often change together: refresh once, a moment later.
  const waiting = new Set();
  let timer = 0;
  function changed(topics) {
    topics.forEach((topic) => waiting.add(topic));
    clearTimeout(timer);
    timer = setTimeout(() => {
      const fragments = new Set();
      waiting.forEach((topic) => {
        document.querySelectorAll(`[data-live~="${topic}"][id]`).forEach((element) => fragments.add(element.id));
        document.body.dispatchEvent(new CustomEvent(`live:${topic}`, { bubbles: true }));
      });
      live = true;
      say("on", `${status.dataset.on} · ${status.dataset.since} ${clock()}`);
      waiting.clear();
      fragments.forEach(fetchAgain);
    }, 250);
  }
  const everything = () => changed([...document.querySelectorAll("[data-live]")].flatMap((each) => each.dataset.live.split(" ")).filter(Boolean));

  function connect() {
    source = new EventSource(address);
    source.onopen = () => say("on", status.dataset.on);
    source.onerror = () => {
      say("off", status.dataset.off);
      // A browser gives up for good on an answer that is not a stream: a proxy's 502, too many open pages.
      if (source.readyState === EventSource.CLOSED) setTimeout(again, 15000);
    };
    source.addEventListener("changed", (event) => changed(event.data.split(" ")));
    source.addEventListener("ended", () => { source.close(); location.reload(); });
  }
  function again() {
    if (document.hidden || source.readyState !== EventSource.CLOSED) return;
    connect();
    everything();
  }
  connect();
  // A hidden tab holds no connection; it catches up when shown again.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) source.close();
    else again();
  });
})();
