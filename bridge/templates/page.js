"use strict";
(() => {
  // Between two looks, and how long none may have an answer until that is said.
  const PACE = 2000, PATIENCE = 5000;
  const lost = document.getElementById("lost");
  let seen = Date.now();

  // Only what differs is changed: nothing flickers, and what the reader has selected stays so.
  function follow(old, now) {
    if (old.nodeName !== now.nodeName) return old.replaceWith(now);
    if (old.nodeType === Node.TEXT_NODE) {
      if (old.data !== now.data) old.data = now.data;
      return;
    }
    if (old.className !== now.className) old.className = now.className;
    const before = [...old.childNodes], after = [...now.childNodes];
    after.forEach((node, at) => before[at] ? follow(before[at], node) : old.append(node));
    before.slice(after.length).forEach((node) => node.remove());
  }

  function show(page) {
    seen = Date.now();
    document.title = page.title;
    follow(document.querySelector("main"), page.querySelector("main"));
  }

  function tell() {
    const silent = Date.now() - seen;
    lost.hidden = silent < PATIENCE;
    if (lost.hidden) return;
    lost.querySelector("span").textContent = Math.round(silent / 1000);
    document.title = "NO ANSWER - highwater";
  }

  function look() {
    const ask = new XMLHttpRequest();
    ask.open("GET", location.href);
    ask.responseType = "document";
    ask.timeout = PATIENCE;
    ask.onloadend = () => {
      const page = ask.status === 200 ? ask.responseXML : null;
      if (page && page.querySelector("main")) show(page);
      tell();
      setTimeout(look, PACE);
    };
    ask.send();
  }

  setTimeout(look, PACE);
})();
