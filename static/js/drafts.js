// What is typed into a form with data-draft is kept in this window until the server says that it was done:
// it outlives a reload and a session that ended, and is gone with the window and with a sign-out (departing.js). Nobody
// else's drafts are kept beside one's own.
const PREFIX = "draft:";

const owner = (key) => key.slice(PREFIX.length).split(":")[0];
const drafts = () => Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));
const read = (key) => JSON.parse(sessionStorage.getItem(key) ?? "null");

// Chosen and typed values only: tokens and buttons are the page's own.
const named = (form) => [...form.elements].filter((field) => field.name && field.matches("textarea, select, input[type=radio], input[type=checkbox]"));

let departed = false;

function keep(form) {
  if (departed) return;
  const typed = new FormData(form);
  const values = Object.fromEntries(named(form).map((field) => [field.name, typed.get(field.name) ?? ""]));
  sessionStorage.setItem(PREFIX + form.dataset.draft, JSON.stringify(values));
}

function restore(form, values) {
  for (const field of named(form)) {
    if (!(field.name in values)) continue;
    if (field.type === "radio" || field.type === "checkbox") field.checked = field.value === values[field.name];
    else field.value = values[field.name];
  }
}

// True where something that was typed before stands in the form again. One that the server has just refused stands as
// the server shows it, with what is wrong beside it.
export function openDraft(form) {
  const key = PREFIX + form.dataset.draft;
  const blank = JSON.stringify(Object.fromEntries(named(form).map((field) => [field.name, new FormData(form).get(field.name) ?? ""])));
  const kept = read(key);
  form.addEventListener("input", () => keep(form));
  form.addEventListener("change", () => keep(form));
  const refused = form.querySelector(".invalid-feedback:not(:empty), .alert, [data-question]");
  if (!kept || refused || JSON.stringify(kept) === blank) return false;
  restore(form, kept);
  return true;
}

// The comment of a draft for which the page has no form any more, "" without one.
export function strandedComment(name) {
  return read(PREFIX + name)?.comment ?? "";
}

export function forget(name) {
  sessionStorage.removeItem(PREFIX + name);
}

// Its writer has gone, and what stands in a page that they left open is kept no more.
export function forgetAll() {
  departed = true;
  drafts().forEach((key) => sessionStorage.removeItem(key));
}

export function tidyDrafts(user) {
  const done = [...document.querySelectorAll("[data-done]")].map((notice) => notice.dataset.done);
  for (const key of drafts()) {
    if (owner(key) !== user || done.includes(key.split(":").at(-1))) sessionStorage.removeItem(key);
  }
}
