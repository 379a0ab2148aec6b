/* One URL, two dresses: a confirm page that [data-dialog] leads to opens in the page's <dialog>.
   Whatever else the server answers (a refusal, a token shown once, a sign-in) takes the whole page,
   as it would without script. */
"use strict";
(() => {
  const dialog = () => document.getElementById("dialog");
  if (!dialog()?.showModal || !window.htmx) return;
  let opener = null;
  let asked = null;

  function ask(verb, url, more) {
    asked = verb;
    htmx.ajax(verb, url, { target: dialog(), swap: "innerHTML", select: "[data-confirm]", ...more });
  }

  function open(event, url) {
    event.preventDefault();
    opener = document.activeElement;
    ask("GET", url, { source: dialog() });
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-dialog]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) open(event, link.href);
    else if (event.target.closest("#dialog [data-dialog-close]")) {
      event.preventDefault();
      dialog().close();
    }
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("form[data-dialog]")) {
      const url = new URL(form.action);
      for (const [name, value] of new FormData(form)) url.searchParams.set(name, value);
      open(event, url.href);
    } else if (dialog().contains(form) && form.method === "post") {
      event.preventDefault();
      ask("POST", event.submitter?.getAttribute("formaction") ?? form.action, { source: form, values: values(form, event.submitter) });
    }
  });

  function values(form, submitter) {
    const entries = {};
    for (const [name, value] of new FormData(form, submitter)) {
      entries[name] = name in entries ? [entries[name], value].flat() : value;
    }
    return entries;
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    const answer = event.detail;
    if (answer.target !== dialog()) return;
    answer.isError = false;
    answer.shouldSwap = answer.serverResponse.includes("data-confirm");
    if (answer.shouldSwap || answer.xhr.getResponseHeader("HX-Redirect")) return;
    if (asked === "GET") location.assign(answer.xhr.responseURL);
    else show(answer.serverResponse, answer.xhr.responseURL);
  });

  /* The answer to a POST can't be asked for again: it becomes this page. */
  function show(html, url) {
    const page = new DOMParser().parseFromString(html, "text/html");
    history.pushState(null, "", url);
    addEventListener("popstate", () => location.reload(), { once: true });
    document.title = page.title;
    document.body.replaceWith(page.body);
    htmx.process(document.body);
    face.enhance(document.body);
    (document.querySelector("[autofocus]") ?? document.getElementById("main")).focus();
  }

  document.addEventListener("htmx:sendError", (event) => {
    if (event.detail.target === dialog() && asked === "GET" && opener?.href) location.assign(opener.href);
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target !== dialog()) return;
    if (!dialog().open) dialog().showModal();
    (dialog().querySelector("[data-summary]") ?? dialog().querySelector("#confirm-heading")).focus();
  });
  document.addEventListener("close", (event) => {
    if (event.target !== dialog()) return;
    dialog().replaceChildren();
    opener?.focus();
  }, true);
})();
