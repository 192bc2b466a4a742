// What the pages add when JavaScript is there: forms sent once, ages of data, the state of the live stream.
(() => {
  "use strict";
  const clockOffset = Date.now() - Number(document.documentElement.dataset.now || Date.now());
  const relative = new Intl.RelativeTimeFormat(document.documentElement.lang, { style: "short", numeric: "always" });
  const SILENCE_MS = 25_000; // the server sends a beat every 10 s

  function ago(instant) {
    const seconds = Math.max(0, Math.round((Date.now() - clockOffset - instant) / 1000));
    if (seconds < 60) return relative.format(-seconds, "second");
    if (seconds < 3600) return relative.format(-Math.round(seconds / 60), "minute");
    if (seconds < 86_400) return relative.format(-Math.round(seconds / 3600), "hour");
    return relative.format(-Math.round(seconds / 86_400), "day");
  }

  function tellAges() {
    for (const time of document.querySelectorAll("time[data-age]")) {
      time.dataset.ago = `(${ago(Date.parse(time.dateTime))})`;
    }
  }

  let lastHeard = 0;
  let over = false;
  function setLive(state) {
    for (const sign of document.querySelectorAll("[data-live]")) {
      if (sign.dataset.live !== state) sign.dataset.live = state;
    }
  }
  function heard() {
    lastHeard = Date.now();
    setLive("on");
  }
  function lost(event) {
    if (event.detail?.status === 401) location.reload();
    if (!over && !document.hidden) setLive("lost");
  }
  document.addEventListener("htmx:sse:after:connection", heard);
  document.addEventListener("htmx:sse:before:message", heard);
  document.addEventListener("htmx:sse:after:message", tellAges);
  document.addEventListener("htmx:sse:error", lost);
  document.addEventListener("over", () => { over = true; });
  addEventListener("pagehide", () => { over = true; });
  setInterval(() => {
    tellAges();
    if (lastHeard && !over && !document.hidden && Date.now() - lastHeard > SILENCE_MS) setLive("lost");
  }, 1000);
  tellAges();

  // A page of ours that is shown after a form was sent is the answer to it; storage may be forbidden.
  function answered(at) {
    try {
      if (at) sessionStorage.setItem("answered", at);
      return Number(sessionStorage.getItem("answered"));
    } catch { return 0; }
  }
  answered(Date.now());

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-once]")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = Date.now();
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
  });
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const form of document.querySelectorAll("form[data-sent]")) {
      // Come back to after its answer, it is another form; with none, it may have arrived, and is the same one.
      const once = form.elements.namedItem("once");
      if (once && answered() > Number(form.dataset.sent)) {
        once.value = crypto.getRandomValues(new Uint32Array(4)).join("-");
      }
      delete form.dataset.sent;
      for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
    }
  });
  // A browser leaves what is half out of a row where it is.
  document.addEventListener("focusin", (event) => {
    if (event.target.closest(".counts")) event.target.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
  for (const form of document.querySelectorAll("form[data-submit-on-change]")) {
    form.querySelector("button").hidden = true;
    form.addEventListener("change", () => form.requestSubmit());
  }
})();
