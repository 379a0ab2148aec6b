/* [data-passkey="create" | "get"]: asks the browser for a passkey and sends its answer with the form. */
"use strict";
(() => {
  const form = document.querySelector("form[data-passkey]");
  const options = JSON.parse(document.getElementById("passkey-options").textContent);
  const failed = form.querySelector("[data-passkey-failed]");
  if (!window.PublicKeyCredential) {
    failed.hidden = false;
    return;
  }

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const known = (list) => (list ?? []).map((credential) => ({ ...credential, id: bytes(credential.id) }));

  function create() {
    return navigator.credentials.create({ publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: known(options.excludeCredentials),
    } });
  }

  function get() {
    return navigator.credentials.get({ publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      allowCredentials: known(options.allowCredentials),
    } });
  }

  function serialized(credential) {
    const answer = { clientDataJSON: text(credential.response.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) answer[name] = text(credential.response[name]);
    }
    if (credential.response.getTransports) answer.transports = credential.response.getTransports();
    return JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment,
      clientExtensionResults: credential.getClientExtensionResults(),
      response: answer,
    });
  }

  form.addEventListener("submit", async (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    failed.hidden = true;
    try {
      const credential = await (form.dataset.passkey === "create" ? create() : get());
      form.elements.credential.value = serialized(credential);
      form.requestSubmit();
    } catch {
      failed.hidden = false;
    }
  });
})();
