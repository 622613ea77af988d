// The reading room by keyboard: look, then decide.
import { bindKeys } from "./keys.js";
import { openViewer } from "./viewer.js";

const viewer = openViewer(document.querySelector("[data-viewer]"));
const form = document.getElementById("read-form");
const override = document.getElementById("override");
const overrideButton = document.querySelector("[data-override-open]");

const submit = (id) => () => document.getElementById(id)?.requestSubmit();
const follow = (id) => () => document.getElementById(id)?.click();

// The override's own fields are asked for only when overriding.
function ask(required) {
  for (const field of override?.querySelectorAll("select") ?? []) field.required = required;
}

function openOverride(open = true) {
  if (!override) return;
  override.hidden = !open;
  overrideButton.setAttribute("aria-expanded", String(open));
  if (open) override.querySelector("select").focus();
  else overrideButton.focus();
}

function confirm() {
  const button = form?.querySelector("button[value=confirm]");
  if (button) button.click();
}

if (form) {
  overrideButton?.addEventListener("click", () => openOverride(override.hidden));
  override?.addEventListener("keydown", (event) => event.key === "Escape" && openOverride(false));
  form.querySelector("button[value=confirm]")?.addEventListener("click", () => ask(false));
  form.querySelector("button[value=override]")?.addEventListener("click", () => ask(true));
  form.addEventListener("submit", (event) => {
    // A second click must not sign twice; the button itself stays enabled, or its value would not be sent.
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}

bindKeys({
  y: confirm,
  o: () => openOverride(true),
  c: submit("claim-form"),
  u: submit("release-form"),
  j: follow("next-case"),
  k: follow("previous-case"),
  q: follow("back-to-queue"),
  h: () => viewer?.toggleHeat(),
  s: () => viewer?.show(viewer.mode === "both" ? "original" : "both"),
  0: () => viewer?.fit(),
  1: () => viewer?.actualSize(),
  "+": () => viewer?.zoomTo(viewer.zoom * 1.25),
  "=": () => viewer?.zoomTo(viewer.zoom * 1.25),
  "-": () => viewer?.zoomTo(viewer.zoom / 1.25),
});
