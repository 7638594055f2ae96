// Small comforts: every page works without.
(() => {
  'use strict';
  const each = (selector, act) => document.querySelectorAll(selector).forEach(act);

  // One click sends one form; its button must still be enabled while the browser reads the form.
  const enable = (enabled) => each('form button', (button) => { button.disabled = !enabled; });
  document.addEventListener('submit', () => {
    setTimeout(enable, 0, false);
    setTimeout(enable, 10000, true);
  });
  window.addEventListener('pageshow', () => enable(true));

  each('[data-reveal]', (button) => {
    const input = document.getElementById(button.dataset.reveal);
    const reveal = (shown) => {
      input.type = shown ? 'text' : 'password';
      button.setAttribute('aria-pressed', shown);
    };
    button.hidden = false;
    button.addEventListener('click', () => {
      reveal(input.type === 'password');
      input.focus();
    });
    input.form.addEventListener('submit', () => reveal(false));
  });

  each('[data-capslock]', (hint) => {
    const input = document.getElementById(hint.dataset.capslock);
    ['keydown', 'keyup', 'blur'].forEach((kind) => input.addEventListener(kind, (event) => {
      hint.textContent = event.getModifierState?.('CapsLock') ? hint.dataset.text : '';
    }));
  });

  each('[data-copy]', (button) => {
    const label = button.textContent;
    if (!navigator.clipboard) { return; }
    button.hidden = false;
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = button.dataset.done;
      setTimeout(() => { button.textContent = label; }, 2000);
    });
  });

  // The last digit sends a code, once: whoever corrects it presses the button.
  each('[data-sends]', (hint) => {
    const { sends, digits } = hint.dataset, input = document.getElementById(sends);
    hint.hidden = false;
    input.addEventListener('input', () => {
      if (hint.hidden || input.value.replace(/\D/g, '').length < digits) { return; }
      hint.hidden = true;
      input.form.requestSubmit();
    });
  });

  // The sentence is a plural: it stops counting at two.
  each('[data-countdown]', (sentence) => {
    const end = Date.now() + 1000 * sentence.dataset.countdown;
    const timer = setInterval(() => {
      const left = Math.ceil((end - Date.now()) / 1000);
      if (left > 0) { sentence.firstElementChild.textContent = Math.max(left, 2); return; }
      clearInterval(timer);
      sentence.textContent = sentence.dataset.over;
    }, 1000);
  });

  // Unless there is something to read first; on a touch screen the keyboard would hide the page.
  if (!document.querySelector('[autofocus]') && matchMedia('(pointer: fine)').matches) {
    each('[data-focus]', (input) => input.focus());
  }
})();
