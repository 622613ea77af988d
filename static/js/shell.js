// What every page shares: messages that can be dismissed, one key to search, words when a request fails.
(() => {
  const notices = document.getElementById("notices");

  function say(words, tone = "error") {
    const notice = document.createElement("div");
    notice.className = `notice notice-${tone}`;
    notice.dataset.notice = "";
    const text = document.createElement("p");
    text.textContent = words;
    const close = document.createElement("button");
    Object.assign(close, { type: "button", className: "btn-close" });
    close.dataset.dismiss = "";
    close.setAttribute("aria-label", "Dismiss this message");
    notice.append(text, close);
    notices.replaceChildren(notice);
  }

  const typing = (element) => element.matches("input, textarea, select, [contenteditable]");

  // As if it were typed; to send it stays with the person.
  function fill(field, value) {
    field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  }

  document.addEventListener("click", (event) => {
    event.target.closest("[data-dismiss]")?.closest("[data-notice]")?.remove();
    const offer = event.target.closest("[data-fill]");
    if (offer) fill(document.getElementById(offer.dataset.fill), offer.value);
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const menu = document.querySelector("details[data-menu][open]");
      if (menu) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const field = document.querySelector(`[data-hotkey="${CSS.escape(event.key)}"]`);
    if (field?.offsetParent) {
      event.preventDefault();
      field.focus();
    }
  });

  // A refusal that the server has put into words names the place where they belong; show it despite its status.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.status >= 400 && event.detail.xhr.getResponseHeader("HX-Retarget")) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });
  // Where an answer was to stand nothing older stands as if it were the answer.
  function leaveUnanswered(form) {
    const words = document.getElementById(form.dataset.noAnswer ?? "");
    if (words) document.querySelector(form.getAttribute("hx-target")).replaceChildren(words.content.cloneNode(true));
  }

  document.addEventListener("htmx:responseError", (event) => {
    leaveUnanswered(event.detail.elt);
    if (event.detail.elt.hasAttribute("data-poll")) return miss();
    say("The server could not do that. Nothing was changed; reload the page and try again.");
  });
  // A poll that misses one beat is silent: the next one tells the truth. From the second on the page says how old it is.
  const stale = { misses: 0, since: new Date(), notice: null };

  function miss() {
    stale.misses += 1;
    if (stale.misses < 2 || stale.notice?.isConnected) return;
    const time = stale.since.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
    say(`The server does not answer. What you see is from ${time}; the page goes on by itself as soon as it can.`, "warning");
    stale.notice = notices.firstElementChild;
  }

  document.addEventListener("htmx:afterRequest", (event) => {
    const asker = event.detail.requestConfig?.elt ?? event.detail.elt; // the answer may have taken its place
    if (!event.detail.successful || !asker.hasAttribute("data-poll")) return;
    Object.assign(stale, { misses: 0, since: new Date() });
    stale.notice?.remove();
  });
  document.addEventListener("htmx:timeout", (event) => event.detail.elt.hasAttribute("data-poll") && miss());

  // A form that goes nowhere would leave the page for the browser's own error, and what was typed with it.
  document.addEventListener("submit", (event) => {
    if (navigator.onLine || event.target.method !== "post") return;
    event.preventDefault();
    event.stopImmediatePropagation();
    leaveUnanswered(event.target);
    say("There is no connection, so nothing was sent. What you filled in is still here: try again when it is back.");
  }, true);

  document.addEventListener("htmx:sendError", (event) => {
    if (event.detail.elt.hasAttribute("data-poll")) return miss();
    leaveUnanswered(event.detail.elt);
    say("The server did not answer. What you typed is still here; check the connection and try again.");
  });

  // What was shown for a while only is covered again: its veil lies beside it, and takes its place.
  const shown = new Set();
  function coverLater(root) {
    for (const piece of root.querySelectorAll("[data-veil-after]")) {
      setTimeout(() => cover(piece), Number(piece.dataset.veilAfter) * 1000);
      piece.removeAttribute("data-veil-after");
      shown.add(piece);
    }
  }

  function cover(piece) {
    shown.delete(piece);
    if (!piece.isConnected) return;
    const veil = piece.querySelector("template").content.firstElementChild.cloneNode(true);
    piece.replaceWith(veil);
    htmx.process(veil);
    document.body.dispatchEvent(new CustomEvent("veil-fell"));
  }
  coverLater(document);
  document.addEventListener("htmx:afterSettle", () => coverLater(document));

  // Who turns to another page in another window has left this one too: the server shows it no longer, nor does this.
  const here = document.body.dataset.ofCase;
  const windows = new BroadcastChannel("turned-to");
  windows.addEventListener("message", (event) => {
    if (!event.data || event.data !== here) shown.forEach(cover);
  });
  windows.postMessage(here);
  // A page that Back brings back as it was left was left all the same.
  window.addEventListener("pageshow", (event) => event.persisted && shown.forEach(cover));

  window.clinic = { say };
})();
