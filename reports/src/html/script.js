(function () {
  "use strict";
  function each(selector, act) {
    Array.prototype.forEach.call(document.querySelectorAll(selector), act);
  }
  each("[data-script]", function (element) { element.hidden = false; });

  function copy(text, done) {
    function select() {
      var range = document.createRange();
      range.selectNodeContents(text);
      var selection = window.getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
      done(document.execCommand("copy"));
    }
    if (navigator.clipboard && window.isSecureContext) {
      navigator.clipboard.writeText(text.textContent).then(function () { done(true); }, select);
    } else {
      select();
    }
  }
  each("button[data-copy]", function (button) {
    button.addEventListener("click", function () {
      copy(document.getElementById(button.getAttribute("data-copy")), function (ok) {
        button.textContent = ok ? "Copied" : "Selected: press Ctrl-C";
      });
    });
  });

  function fold(open) { each("main details", function (details) { details.open = open; }); }
  each("button[data-fold]", function (button) {
    button.addEventListener("click", function () { fold(button.getAttribute("data-fold") === "open"); });
  });
  window.addEventListener("beforeprint", function () { fold(true); });

  var filter = document.getElementById("filter");
  var told = document.getElementById("filtered");
  filter.addEventListener("input", function () {
    var words = filter.value.toLowerCase().split(/\s+/);
    var shown = 0, all = 0;
    each("[data-filter]", function (element) {
      var text = element.textContent.toLowerCase();
      var fits = words.every(function (word) { return text.indexOf(word) >= 0; });
      element.hidden = !fits;
      all += 1;
      shown += fits ? 1 : 0;
    });
    told.textContent = filter.value ? shown + " of " + all + " shown" : "";
  });

  function reveal() {
    var at = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (var up = at; up; up = up.parentElement) {
      if (up.tagName === "DETAILS") { up.open = true; }
      if (up.hidden) { up.hidden = false; }
    }
    if (at) {
      var first = at.querySelector("details");
      if (first && at.tagName === "SECTION") { first.open = true; }
      at.scrollIntoView();
    }
  }
  window.addEventListener("hashchange", reveal);
  reveal();
})();
