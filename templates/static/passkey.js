// Passkeys: carries options to the authenticator and its answer into a form. The server decides.
// form[data-passkey=get|create][data-options=URL][hidden]: its fields go to URL, which answers {ceremony, publicKey}; what the
//   authenticator says goes into the fields `ceremony` and `credential`, and the form is sent like any other. Inside it stands
//   [data-passkey-alert] with sentences: data-cancelled, -exists, -unsupported, -insecure, -offline, -failed.
//   data-conditional: in the autofill of input[autocomplete~=webauthn], too. data-keep: id of the box that `keep` repeats.
// [data-passkey-none][hidden] is shown without support.
// [data-signal=unknown|all|details][data-rp], data-user, -credentials, -name, -display-name: for password managers.
(() => {
  'use strict';
  const api = window.PublicKeyCredential, TRIED = 'passkey-tried';
  const each = (selector, act) => document.querySelectorAll(selector).forEach(act);
  let waiting; // of the one request in the autofill

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');

  // By hand: what some password managers return has no toJSON.
  function decoded(options) {
    const id = (one) => one && { ...one, id: bytes(one.id) };
    const ids = (list) => list && list.map(id);
    return { ...options, challenge: bytes(options.challenge), user: id(options.user),
      allowCredentials: ids(options.allowCredentials), excludeCredentials: ids(options.excludeCredentials) };
  }

  function encoded({ rawId, type, response }) {
    const said = {}, id = text(rawId);
    ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle'].forEach((name) => {
      if (response[name]) { said[name] = text(response[name]); }
    });
    return { id, rawId: id, type, response: said };
  }

  async function ceremony(form, more) {
    const { options, passkey, keep } = form.dataset, fields = form.elements;
    const answer = await fetch(options, { method: 'POST', body: new URLSearchParams(new FormData(form)) });
    if (!answer.ok) { throw new TypeError(); }
    const made = await answer.json();
    const request = { publicKey: decoded(made.publicKey), ...more };
    const credential = encoded(await navigator.credentials[passkey](request));
    fields.ceremony.value = made.ceremony;
    fields.credential.value = JSON.stringify(credential);
    if (keep) { fields.keep.value = document.getElementById(keep).checked ? 'yes' : ''; }
    try { sessionStorage.setItem(TRIED, credential.id); } catch {}
    form.requestSubmit();
  }

  // Browsers do not tell a timeout from a person who cancelled.
  const REASONS = { NotAllowedError: 'cancelled', AbortError: 'cancelled', InvalidStateError: 'exists',
    NotSupportedError: 'unsupported', SecurityError: 'insecure', TypeError: 'offline' };

  const stop = () => waiting && waiting.abort();

  // Silently, as nobody asked for it. A challenge lives for five minutes; a new one takes its place before.
  async function wait() {
    const form = document.querySelector('form[data-conditional]');
    if (!form || !api.isConditionalMediationAvailable || !await api.isConditionalMediationAvailable()) { return; }
    stop();
    const { signal } = waiting = new AbortController();
    const timer = setTimeout(wait, 240000);
    signal.addEventListener('abort', () => clearTimeout(timer));
    ceremony(form, { signal, mediation: 'conditional' }).catch(() => {});
  }

  function listen(form) {
    const alert = form.querySelector('[data-passkey-alert]'), button = form.querySelector('button');
    form.hidden = false;
    button.addEventListener('click', (event) => {
      event.preventDefault();
      if (!form.reportValidity()) { return; }
      stop();
      alert.textContent = '';
      button.disabled = true;
      ceremony(form).catch((error) => {
        alert.textContent = alert.dataset[REASONS[error.name] || 'failed'];
        button.disabled = false;
        wait();
      });
    });
  }

  function signal({ dataset: { signal, rp, user, credentials, name, displayName } }) {
    const userId = user && text(new TextEncoder().encode(user)), credentialId = sessionStorage.getItem(TRIED);
    const tell = (what, ids) => api['signal' + what] && api['signal' + what]({ rpId: rp, ...ids }).catch(() => {});
    if (signal === 'details') { tell('CurrentUserDetails', { userId, name, displayName }); }
    if (signal === 'unknown' && credentialId) { tell('UnknownCredential', { credentialId }); }
    if (signal === 'all') {
      tell('AllAcceptedCredentials', { userId, allAcceptedCredentialIds: credentials.split(' ').filter(Boolean) });
    }
  }

  if (!api) {
    each('[data-passkey-none]', (element) => { element.hidden = false; });
    return;
  }
  each('form[data-passkey]', listen);
  try { each('[data-signal]', signal); } catch {}
  document.addEventListener('submit', stop);
  window.addEventListener('pagehide', stop);
  window.addEventListener('pageshow', wait);
})();
