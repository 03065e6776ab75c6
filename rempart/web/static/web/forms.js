// Small services to forms: selection of rows, no empty filter in the address, no double sending, kept typing.
(() => {
  "use strict";
  document.documentElement.classList.add("htmx-ready");

  document.addEventListener("change", (event) => {
    const all = event.target.closest("[data-select-all]");
    if (!all) return;
    all.closest("table").querySelectorAll("[name=selected]").forEach((box) => { box.checked = all.checked; });
  });

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.verb !== "get") return;
    const parameters = event.detail.parameters;
    for (const key of Object.keys(parameters)) if (parameters[key] === "") delete parameters[key];
  });

  // What was unfolded stays so when the list around it is drawn anew.
  let unfolded = false;
  document.addEventListener("htmx:beforeSwap", () => { unfolded = Boolean(document.querySelector("[data-stays][open]")); });
  document.addEventListener("htmx:afterSwap", () => {
    if (unfolded) document.querySelector("[data-stays]")?.setAttribute("open", "");
  });

  // A table wider than its place scrolls in it, columns within reach; the others follow the page.
  const width = new ResizeObserver((changes) => changes.forEach(({ target }) => {
    target.classList.toggle("over", target.scrollWidth > target.clientWidth + 1);
  }));
  const watch = () => document.querySelectorAll(".scroll").forEach((each) => width.observe(each));
  watch();
  document.addEventListener("htmx:afterSettle", watch);

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    event.submitter?.setAttribute("aria-busy", "true");
  });

  // A link to a folded part of a page unfolds it and stands on its title, ready for the keyboard.
  function unfold() {
    const part = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!part || part.tagName !== "DETAILS") return;
    part.open = true;
    part.querySelector("summary").focus();
  }
  window.addEventListener("hashchange", unfold);
  window.addEventListener("load", unfold); // after the browser has gone there itself, which takes the focus away

  // Coming back with the browser's arrow must find a form that can be sent again.
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => { delete form.dataset.sent; });
    document.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
    button.textContent = button.dataset.done;
  });

  // A fragment that failed to refresh says so, instead of leaving old rows as if they were fresh.
  for (const kind of ["htmx:responseError", "htmx:sendError"]) {
    document.addEventListener(kind, () => {
      const status = document.querySelector("[data-live-status]");
      if (!status) return;
      status.className = "live off";
      status.querySelector("span").textContent = status.dataset.off;
    });
  }
})();
