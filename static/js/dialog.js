/* One URL, two dresses: a confirm page that [data-dialog] leads to opens in the page's <dialog>.
   Whatever is not a confirm page (a sign-in, a refusal, an error) is gone to as without script. */
"use strict";
(() => {
  const dialog = document.getElementById("dialog");
  if (!dialog?.showModal || !window.htmx) return;
  let opener = null;

  const swap = { target: dialog, swap: "innerHTML", select: "[data-confirm]" };

  function open(event, url) {
    event.preventDefault();
    opener = document.activeElement;
    htmx.ajax("GET", url, { ...swap, source: dialog });
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-dialog]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) open(event, link.href);
    else if (event.target.closest("#dialog [data-dialog-close]")) {
      event.preventDefault();
      dialog.close();
    }
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("form[data-dialog]")) {
      const url = new URL(form.action);
      for (const [name, value] of new FormData(form)) url.searchParams.set(name, value);
      open(event, url.href);
    } else if (dialog.contains(form) && form.method === "post") {
      event.preventDefault();
      htmx.ajax("POST", form.action, { ...swap, source: form, values: values(form, event.submitter) });
    }
  });

  function values(form, submitter) {
    const entries = {};
    for (const [name, value] of new FormData(form, submitter)) {
      entries[name] = name in entries ? [entries[name], value].flat() : value;
    }
    return entries;
  }

  dialog.addEventListener("htmx:beforeSwap", (event) => {
    const answer = event.detail;
    answer.shouldSwap = answer.serverResponse.includes("data-confirm");
    answer.isError = false;
    if (!answer.shouldSwap) location.assign(answer.xhr.responseURL);
  });
  dialog.addEventListener("htmx:sendError", () => {
    if (!dialog.open && opener?.href) location.assign(opener.href);
  });
  dialog.addEventListener("htmx:afterSettle", () => {
    if (!dialog.open) dialog.showModal();
    (dialog.querySelector("[data-summary]") ?? dialog.querySelector("#confirm-heading")).focus();
  });
  dialog.addEventListener("close", () => {
    dialog.replaceChildren();
    opener?.focus();
  });
})();
