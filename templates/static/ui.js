// Small comforts. Every page works without this file; nothing here decides anything.
(function () {
  'use strict';

  function each(selector, act) {
    Array.prototype.forEach.call(document.querySelectorAll(selector), act);
  }

  // One click sends one form. The button that was pressed must still be enabled while the browser reads the form.
  function enable(enabled) {
    each('form button', function (button) { button.disabled = !enabled; });
  }
  document.addEventListener('submit', function () {
    setTimeout(enable, 0, false);
    setTimeout(enable, 10000, true);
  });
  window.addEventListener('pageshow', function () { enable(true); });

  each('[data-reveal]', function (button) {
    var input = document.getElementById(button.dataset.reveal);
    function reveal(shown) {
      input.type = shown ? 'text' : 'password';
      button.setAttribute('aria-pressed', String(shown));
    }
    button.hidden = false;
    button.addEventListener('click', function () {
      reveal(input.type === 'password');
      input.focus();
    });
    input.form.addEventListener('submit', function () { reveal(false); });
  });

  each('[data-capslock]', function (hint) {
    var input = document.getElementById(hint.dataset.capslock);
    ['keydown', 'keyup', 'blur'].forEach(function (kind) {
      input.addEventListener(kind, function (event) {
        var on = event.getModifierState && event.getModifierState('CapsLock');
        hint.textContent = on ? hint.dataset.text : '';
      });
    });
  });

  each('[data-copy]', function (button) {
    var label = button.textContent;
    if (!navigator.clipboard) { return; }
    button.hidden = false;
    button.addEventListener('click', function () {
      navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent).then(function () {
        button.textContent = button.dataset.done;
        setTimeout(function () { button.textContent = label; }, 2000);
      });
    });
  });

  // The sentence is a plural: it stops counting at two and then says that the wait is over.
  each('[data-countdown]', function (sentence) {
    var end = Date.now() + 1000 * Number(sentence.dataset.countdown);
    var timer = setInterval(function () {
      var left = Math.ceil((end - Date.now()) / 1000);
      if (left > 0) {
        sentence.firstElementChild.textContent = String(Math.max(left, 2));
      } else {
        clearInterval(timer);
        sentence.textContent = sentence.dataset.over;
      }
    }, 1000);
  });

  // With a mouse the first empty field is ready to type; on a touch screen the keyboard would hide the page.
  if (window.matchMedia && window.matchMedia('(pointer: fine)').matches) {
    each('[data-focus]', function (input) { input.focus(); });
  }
})();
