// Keyboard: "/" searches, "g" then a letter goes, "j"/"k" move, "x" selects, "a" acknowledges, "?" helps.
(() => {
  "use strict";
  let going = 0;
  let here = null;

  const rows = () => [...document.querySelectorAll(".rows tbody tr, [data-rows] > li")];
  const typing = (target) => target.closest("input:not([type=checkbox]), textarea, select, [contenteditable], dialog[open]");

  function move(step) {
    const all = rows();
    if (!all.length) return;
    const at = here ? all.findIndex((row) => row.id === here) : -1;
    const next = all[Math.max(0, Math.min(all.length - 1, at + step))];
    all.forEach((row) => row.classList.toggle("here", row === next));
    here = next.id;
    const target = next.querySelector("a[href], button");
    (target || next).focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }

  function inRow(selector) {
    const row = here ? document.getElementById(here) : document.activeElement.closest("tr, [data-rows] > li");
    return (row || document.querySelector("main")).querySelector(selector);
  }

  const press = (element) => element && element.click();

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const key = event.key;
    if (going && Date.now() - going < 1500 && /^[a-z]$/.test(key)) {
      going = 0;
      const link = document.querySelector(`[data-key="${key}"]`);
      if (link) { event.preventDefault(); link.click(); }
      return;
    }
    const acts = {
      "/": () => document.getElementById("search")?.focus(),
      "g": () => { going = Date.now(); },
      "j": () => move(1),
      "k": () => move(-1),
      "x": () => press(inRow("[name=selected]")),
      "a": () => press(inRow("[data-acknowledge]")),
      "?": () => document.getElementById("keys")?.showModal(),
    };
    if (Object.hasOwn(acts, key)) {
      acts[key]();
      if (key !== "g") event.preventDefault();
    }
  });

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    if (opener) document.getElementById(opener.dataset.open)?.showModal();
    document.querySelectorAll("details.menu[open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = event.target.closest?.("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  });
})();
