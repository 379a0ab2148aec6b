/* Comforts only: every page works without this file. Behaviour hangs on data- attributes. */
"use strict";
(() => {
  const language = document.documentElement.lang || "en";

  /* What nobody waits for: a browser's first question about zones and languages takes longer than
     all else here, and the page would be shown after it. A browser tells when it has painted. */
  const painted = new Promise((resolve) => {
    if (PerformanceObserver.supportedEntryTypes.includes("paint")) {
      new PerformanceObserver(resolve).observe({ type: "paint", buffered: true });
    } else requestAnimationFrame(() => setTimeout(resolve));
  });
  const afterPaint = (work) => painted.then(() => setTimeout(work));

  /* [data-later]: scripts that would delay the first paint come after it, and after "load", for
     htmx begins by itself only then. Who presses a [data-dialog] sooner waits for them; where they
     can't be had, the link or the form does without. */
  const { later = "" } = document.currentScript.dataset;
  const { nonce } = document.currentScript;
  let awaited = later !== "";
  let pressed = null;

  function fetchLater(url) {
    return new Promise((resolve) => {
      const script = Object.assign(document.createElement("script"), { src: url, nonce, async: false });
      script.onload = script.onerror = resolve;
      document.head.append(script);
    });
  }

  afterPaint(async () => {
    if (!awaited) return;
    if (document.readyState !== "complete") await new Promise((resolve) => addEventListener("load", resolve));
    await Promise.all(later.split(" ").map(fetchLater));
    awaited = false;
    pressed?.();
  });

  function hold(event, element, again) {
    if (!awaited || !element || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    pressed = again;
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-dialog]");
    hold(event, link, () => link.click());
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-dialog]");
    hold(event, form, () => form.requestSubmit(event.submitter));
  });

  /* The reader's zone, for the dates of the next page. */
  afterPaint(() => {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (!zone || document.cookie.includes(`time_zone=${encodeURIComponent(zone)}`)) return;
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `time_zone=${encodeURIComponent(zone)}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  });

  /* Says a sentence to a screen reader, politely. */
  function announce(sentence) {
    const announcer = document.getElementById("announcer");
    announcer.textContent = "";
    setTimeout(() => { announcer.textContent = sentence; }, 50);
  }

  /* [data-copy]: a button that copies the field's value. */
  async function copy(button) {
    const field = button.closest("[data-copy]").querySelector("textarea, input, [data-copy-value]");
    const value = field.value ?? field.textContent;
    try {
      await navigator.clipboard.writeText(value);
    } catch {
      if (!field.select) return;
      field.select();
      document.execCommand("copy");
      button.focus();
    }
    const word = button.querySelector("[data-copy-word]") ?? button;
    button.dataset.word ??= word.textContent;
    word.textContent = button.dataset.copied;
    button.classList.add("is-copied");
    announce(button.dataset.copied);
    clearTimeout(button.timer);
    button.timer = setTimeout(() => {
      word.textContent = button.dataset.word;
      button.classList.remove("is-copied");
    }, 2000);
  }

  /* [data-reveal]: shows and hides a password. */
  function addReveal(wrapper) {
    const input = wrapper.querySelector("input");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "field__reveal";
    button.textContent = wrapper.dataset.show;
    button.setAttribute("aria-label", wrapper.dataset.label);
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => {
      const shown = input.type === "text";
      input.type = shown ? "password" : "text";
      button.setAttribute("aria-pressed", String(!shown));
    });
    input.form?.addEventListener("submit", () => { input.type = "password"; });
    wrapper.append(button);
  }

  /* time[data-ago]: "4 minutes ago" stays true while the page is open. */
  let relative = null;
  function renew(time) {
    relative ??= new Intl.RelativeTimeFormat(language, { numeric: "always" });
    const seconds = (new Date(time.dateTime) - Date.now()) / 1000;
    const distance = Math.abs(seconds);
    const [unit, length] = distance < 3600 ? ["minute", 60] : distance < 86400 ? ["hour", 3600] : ["day", 86400];
    if (distance >= 60) time.textContent = relative.format(Math.trunc(seconds / length), unit);
  }

  /* [data-countdown="30"]: counts down in its <span data-seconds>; at nought it shows the button that waits.
     data-until names the button's id. Without script the server refuses politely. */
  function countDown(element) {
    const button = document.getElementById(element.dataset.until);
    const seconds = element.querySelector("[data-seconds]");
    const end = Date.now() + Number(element.dataset.countdown) * 1000;
    button?.setAttribute("aria-disabled", "true");
    const timer = setInterval(tick, 1000);
    function tick() {
      const left = Math.ceil((end - Date.now()) / 1000);
      if (left > 0) {
        seconds.textContent = left;
        return;
      }
      clearInterval(timer);
      element.hidden = true;
      button?.removeAttribute("aria-disabled");
      if (element.dataset.done) announce(element.dataset.done);
    }
    tick();
  }

  /* [data-code]: what is pasted keeps its digits, whatever stood between them. */
  function tidyCode(event) {
    const input = event.target.closest?.("[data-code][inputmode=numeric]");
    const text = input && event.clipboardData?.getData("text");
    if (!text) return;
    const digits = text.replace(/\D/g, "");
    if (!digits) return;
    event.preventDefault();
    input.setRangeText(digits, input.selectionStart, input.selectionEnd, "end");
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /* [data-live="sentence"]: a part that renews itself says its sentence when that has changed. */
  const said = new Map();
  function say(element) {
    const sentence = element.dataset.live;
    if (said.has(element.id) && said.get(element.id) !== sentence) announce(sentence);
    said.set(element.id, sentence);
  }

  function enhance(root) {
    if (root.dataset?.live) say(root);
    for (const element of root.querySelectorAll("[data-live]")) say(element);
    for (const button of root.querySelectorAll("[data-copy-button]")) button.hidden = false;
    for (const button of root.querySelectorAll("[data-print]")) button.hidden = false;
    for (const wrapper of root.querySelectorAll("[data-reveal]")) {
      if (!wrapper.querySelector(".field__reveal")) addReveal(wrapper);
    }
    for (const element of root.querySelectorAll("[data-countdown]")) countDown(element);
  }

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-copy-button], [data-print], [aria-disabled=true]");
    if (target?.matches("[aria-disabled=true]")) event.preventDefault();
    else if (target?.matches("[data-copy-button]")) copy(target);
    else if (target?.matches("[data-print]")) print();

    for (const open of document.querySelectorAll("details[data-dropdown][open]")) {
      if (!open.contains(event.target)) open.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = document.activeElement?.closest?.("details[data-dropdown][open]");
    if (!open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });
  document.addEventListener("paste", tidyCode);

  /* A form is sent once, however often its button is pressed. */
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    setTimeout(() => { delete form.dataset.sent; }, 4000);
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  enhance(document);
  const renewAll = () => document.querySelectorAll("time[data-ago]").forEach(renew);
  afterPaint(renewAll);
  setInterval(renewAll, 30_000);
  document.addEventListener("htmx:load", (event) => enhance(event.detail.elt));
  window.face = { announce, enhance };
})();
