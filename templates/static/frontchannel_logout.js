// Goes on as soon as the pages in the frames are there, or after three seconds (OpenID Connect Front-Channel Logout 1.0).
(function () {
  'use strict';
  var gone = false;
  function go() {
    if (gone) { return; }
    gone = true;
    window.location.replace(document.getElementById('onward').href);
  }
  setTimeout(go, 3000);
  if (document.readyState === 'complete') { go(); } else { window.addEventListener('load', go); }
})();
