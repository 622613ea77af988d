// The reading room by keyboard: look, then decide.
import { forget, openDraft, strandedComment, tidyDrafts } from "./drafts.js";
import { bindKeys } from "./keys.js";
import { openViewer } from "./viewer.js";

let viewer = openViewer(document.querySelector("[data-viewer]"));
const form = document.getElementById("read-form");
const override = document.getElementById("override");
const overrideButton = document.querySelector("[data-override-open]");

const submit = (id) => () => document.getElementById(id)?.requestSubmit();
const follow = (id) => () => document.getElementById(id)?.click();
const unlessAsking = (act) => () => asking() || act(); // what was typed to staff would be lost

// The override's own fields are asked for only when overriding.
function ask(required) {
  for (const field of override?.querySelectorAll("select") ?? []) field.required = required;
}

function openOverride(open = true) {
  if (!override) return;
  for (const piece of form.querySelectorAll("#override, [data-override-acts]")) piece.hidden = !open;
  for (const piece of form.querySelectorAll("[data-confirm]")) piece.hidden = open;
  // Enter in a field presses the form's first button that signs, even a hidden one.
  form.querySelector("button[value=confirm]").disabled = open;
  form.querySelector("details.comment").open = open;
  overrideButton?.setAttribute("aria-expanded", String(open));
  if (open) override.querySelector("select").focus();
  else overrideButton.focus();
}

// ── Asking for a new image: the form takes the place of the read until it is sent or left ─────────────
const panel = document.querySelector(".read");
const retake = document.getElementById("retake-form");
const asking = () => Boolean(retake) && panel.hasAttribute("data-asking");

function openRetake(open = true) {
  if (!retake) return;
  panel.toggleAttribute("data-asking", open);
  if (open) (retake.querySelector("input[name=reason]:checked") ?? retake.querySelector("input[name=reason]")).focus();
  else document.querySelector("[data-retake-open]")?.focus();
}

if (retake) {
  for (const button of document.querySelectorAll("[data-retake-open]")) button.addEventListener("click", () => openRetake());
  retake.querySelector("[data-retake-close]").addEventListener("click", () => openRetake(false));
  retake.addEventListener("keydown", (event) => event.key === "Escape" && openRetake(false));
  retake.addEventListener("submit", (event) => {
    if (retake.dataset.sent) event.preventDefault();
    retake.dataset.sent = "yes";
  });
}

// ── What was typed before a reload, or before a sign-in, stands there again ──────────────────────────
tidyDrafts(document.body.dataset.user);

function resume() {
  const restored = form && openDraft(form);
  if (restored) {
    if (override && [...override.querySelectorAll("select")].some((field) => field.value)) openOverride(true);
    form.querySelector("details.comment").open = Boolean(form.elements.comment.value);
    const confirmed = form.querySelector("input[name=confirmed]:checked");
    if (confirmed) form.querySelector("[data-confirmed]").textContent = confirmed.value;
  }
  const asked = retake && openDraft(retake);
  if (asked) openRetake();
  const note = document.querySelector("[data-draft-note]");
  if (note && (restored || asked)) note.hidden = false;
  note?.querySelector("button").addEventListener("click", () => {
    for (const each of [form, retake]) if (each) forget(each.dataset.draft);
    location.assign(note.dataset.here);
  });
  const stranded = form ? "" : strandedComment(`${document.body.dataset.user}:read:${panel.dataset.case}`);
  const left = document.querySelector("[data-stranded]");
  if (left && stranded) {
    left.hidden = false;
    left.querySelector("q").textContent = stranded;
  }
}

function confirm() {
  const button = form?.querySelector("button[value=confirm]");
  if (button?.offsetParent) button.click(); // not while an override is being filled in
}

if (form) {
  overrideButton?.addEventListener("click", () => openOverride(true));
  form.querySelector("[data-override-close]")?.addEventListener("click", () => openOverride(false));
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && overrideButton && !override.hidden) openOverride(false);
  });
  form.querySelector("button[value=confirm]")?.addEventListener("click", () => ask(false));
  form.querySelector("button[value=override]")?.addEventListener("click", () => ask(true));
  form.addEventListener("submit", (event) => {
    // A second click must not sign twice; the button itself stays enabled, or its value would not be sent.
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}

// Focus stays where it is: on the first management, the next Space would choose it unseen.
form?.addEventListener("invalid", (event) => {
  if (event.target.name !== "management") return;
  event.preventDefault();
  form.querySelector("[data-management-missing]").textContent = "Choose the management first.";
}, true);

// A changed read is another read: what was asked about the former one is gone.
form?.addEventListener("change", (event) => {
  if (event.target.name === "management") form.querySelector("[data-management-missing]").textContent = "";
  if (event.target.name !== "comment") form.querySelector("[data-question]")?.remove();
});

// ── While somebody works here, the claim stays theirs ───────────────────────────────────────────────
const EXTEND_EVERY = 60_000; // milliseconds; the claim itself lasts for minutes
const hold = document.getElementById("hold");
let extended = Date.now();

function stay() {
  if (Date.now() - extended < EXTEND_EVERY) return;
  extended = Date.now();
  htmx.ajax("POST", hold.dataset.extendUrl, { target: "#hold", swap: "innerHTML" });
}
if (hold) for (const sign of ["pointerdown", "keydown", "wheel"]) document.addEventListener(sign, stay, { passive: true });

// The button names what it confirms.
form?.addEventListener("change", (event) => {
  if (event.target.name === "confirmed") form.querySelector("[data-confirmed]").textContent = event.target.value;
});

// The analysis has come to its end while somebody watched: show what came of it.
document.addEventListener("case-settled", () => location.reload());

// A veiled image was shown, or its veil fell again: another viewer stands there now.
for (const change of ["htmx:afterSwap", "veil-fell"]) {
  document.body.addEventListener(change, () => {
    const root = document.querySelector("[data-viewer]");
    if (root !== viewer?.root) viewer = openViewer(root);
  });
}

// A key opens the mark, Enter sets it: one slip of a finger veils nothing.
function openMark() {
  const mark = document.querySelector(".recognisable-mark");
  if (!mark) return;
  mark.open = true;
  mark.querySelector("input:not([type=hidden]), button").focus();
}

document.querySelector("[data-measure]")?.addEventListener("click", () => viewer?.measure());

function choose(place) {
  const choices = asking() ? retake.querySelectorAll("input[name=reason]") : form?.querySelectorAll("input[name=management]");
  const choice = choices?.[place];
  if (!choice) return;
  choice.checked = true;
  choice.dispatchEvent(new Event("change", { bubbles: true }));
  choice.focus();
}
const managementKeys = Object.fromEntries([...Array(9).keys()].map((place) => [String(place + 1), () => choose(place)]));

resume();

bindKeys({
  ...managementKeys,
  y: unlessAsking(confirm),
  o: unlessAsking(() => openOverride(true)),
  r: unlessAsking(() => openRetake()),
  c: unlessAsking(submit("claim-form")),
  u: unlessAsking(submit("release-form")),
  j: unlessAsking(follow("next-case")),
  k: unlessAsking(follow("previous-case")),
  q: unlessAsking(follow("back-to-queue")),
  v: submit("reveal-form"),
  p: openMark,
  h: () => viewer?.toggleHeat(),
  s: () => viewer?.show(viewer.mode === "both" ? "original" : "both"),
  0: () => viewer?.fit(),
  "+": () => viewer?.zoomTo(viewer.zoom * 1.25),
  "=": () => viewer?.zoomTo(viewer.zoom * 1.25),
  "-": () => viewer?.zoomTo(viewer.zoom / 1.25),
});
