// The queue by keyboard, and a live table that never moves under a hand.
import { tidyDrafts } from "./drafts.js";
import { bindKeys } from "./keys.js";
import "./policy.js";

const queue = document.getElementById("queue");
const rows = () => [...queue.querySelectorAll("tr[data-case]")];
let here = null; // the case the keyboard stands on; it survives a refresh of the table

function mark(row) {
  here = row?.dataset.case ?? null;
  for (const each of rows()) each.classList.toggle("is-here", each === row);
}

function move(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.dataset.case === here);
  const row = all[at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1)];
  mark(row);
  row.querySelector("a").focus();
}

const current = () => rows().find((row) => row.dataset.case === here);

function claim() {
  const url = current()?.dataset.claimUrl;
  if (!url) return;
  const form = document.getElementById("claim-form");
  form.action = url;
  form.requestSubmit();
}

function listen() {
  queue.addEventListener("focusin", (event) => mark(event.target.closest("tr[data-case]")));
  queue.addEventListener("click", (event) => {
    if (event.target.closest("a, button") || String(getSelection())) return;
    event.target.closest("tr[data-case]")?.querySelector("a").click();
  });
  document.getElementById("filters")?.addEventListener("change", (event) => event.currentTarget.requestSubmit());
}

// ── Live ───────────────────────────────────────────────────────────────────────────────────────────
const order = (root) => [...root.querySelectorAll("tr[data-case]")].map((row) => row.dataset.case).join();
let waiting = null; // a newer table that waits until it is asked for

// Rows move when somebody asks for it, or while nobody sees them. The counts beside them, and whether there is anything to read, are news at once.
function holdBack(event) {
  if (event.detail.target !== queue || !event.detail.shouldSwap) return; // 204: nothing is new
  const fresh = new DOMParser().parseFromString(event.detail.serverResponse, "text/html");
  const views = fresh.getElementById("worklist-views");
  if (!views) return; // an answer to another question, such as a claim's
  const moves = order(queue) && order(fresh) !== order(queue);
  if (!moves || waiting === "wanted" || document.hidden) return;
  event.detail.shouldSwap = false;
  waiting = "held";
  document.getElementById("worklist-changed").hidden = false;
  renew(views);
  renew(fresh.getElementById("read-next"));
}

// The keyboard stays where it is.
function renew(piece) {
  if (!piece) return; // not everybody reads
  const old = document.getElementById(piece.id);
  const focused = old.contains(document.activeElement) && document.activeElement.id;
  piece.removeAttribute("hx-swap-oob");
  old.replaceWith(piece);
  if (focused) document.getElementById(focused)?.focus();
}

function showChanges() {
  waiting = "wanted";
  htmx.trigger(queue, "refresh");
}

function settle(event) {
  if (event.detail.target !== queue) return;
  waiting = null;
  document.getElementById("worklist-changed").hidden = true;
  const row = current();
  const hadFocus = document.activeElement === document.body && row;
  mark(row);
  if (hadFocus) row.querySelector("a").focus({ preventScroll: true });
}

// On a small screen the queue comes first; a filter that is in use stays in sight.
function fold() {
  const filters = document.querySelector("[data-folds-when-narrow]");
  if (filters && filters.dataset.foldsWhenNarrow !== "never" && matchMedia("(max-width: 900px)").matches) filters.open = false;
}

tidyDrafts(document.body.dataset.user);
if (queue) {
  listen();
  fold();
  document.body.addEventListener("htmx:beforeSwap", holdBack);
  document.body.addEventListener("htmx:afterSwap", settle);
  document.addEventListener("click", (event) => event.target.closest("[data-show-changes]") && showChanges());
  const own = (place) => () => document.querySelectorAll("[data-saved]")[place]?.click();
  bindKeys({
    ...Object.fromEntries([...Array(9).keys()].map((place) => [String(place + 1), own(place)])),
    j: () => move(1),
    k: () => move(-1),
    c: claim,
    n: () => document.querySelector("#read-next button:enabled")?.click(),
    f: () => document.querySelector("#filters select")?.focus(),
    u: showChanges,
  });
}
