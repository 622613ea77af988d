"use strict";

const held = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
let reviewer = "";
let order = [];
let place = 0;
let decided = {}; // picture → true (keep) or false (reject)

// The same name gives the same order again; two names give two orders, so that tiredness falls on other pictures.
function shuffled(count, seed) {
  let state = 2166136261;
  for (const letter of seed) state = Math.imul(state ^ letter.codePointAt(0), 16777619) >>> 0;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
  const rows = [...Array(count).keys()];
  for (let i = count - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [rows[i], rows[j]] = [rows[j], rows[i]];
  }
  return rows;
}

const key = () => `review ${held.sheet} ${reviewer}`;

function remember() {
  try {
    localStorage.setItem(key(), JSON.stringify(decided));
  } catch {
    at("saved").textContent = "This browser keeps nothing between visits: save your review before you close the page.";
  }
}

function recall() {
  try {
    return JSON.parse(localStorage.getItem(key())) || {};
  } catch {
    return {};
  }
}

const word = (choice) => (choice === undefined ? "Not decided." : choice ? "✓ You keep it." : "✗ You reject it.");

function show() {
  const picture = held.images[order[place]];
  const choice = decided[picture.id];
  const count = Object.keys(decided).length;
  at("picture").src = picture.src;
  at("picture").alt = `Generated picture ${place + 1}, made as ${picture.as}`;
  at("made-as").textContent = `Made as: ${picture.as}`;
  at("place").textContent = `Picture ${place + 1} of ${order.length}. ${count} decided, ${order.length - count} open.`;
  at("done").value = count;
  at("done").textContent = `${count} of ${order.length}`;
  at("said").textContent = word(choice);
  at("keep").setAttribute("aria-pressed", String(choice === true));
  at("reject").setAttribute("aria-pressed", String(choice === false));
  at("save").textContent = count === order.length ? "Save my review" : `Save my review (${order.length - count} open)`;
}

function go(step) {
  place = Math.min(order.length - 1, Math.max(0, place + step));
  show();
}

function decide(choice) {
  decided[held.images[order[place]].id] = choice;
  remember();
  if (place < order.length - 1) go(1);
  else show();
}

function open() {
  const next = [...order.keys()].map((i) => (place + 1 + i) % order.length)
    .find((i) => decided[held.images[order[i]].id] === undefined);
  if (next !== undefined) place = next;
  show();
}

function save() {
  const review = { sheet: held.sheet, reviewer, saved: new Date().toISOString(), decisions: decided };
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(review, null, 1)], { type: "application/json" }));
  link.download = `review-${reviewer.replace(/[^\p{L}\p{N}]+/gu, "-")}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
  at("saved").textContent = `Saved as ${link.download}. Send the file to whoever joins the reviews.`;
}

at("begin").addEventListener("submit", (event) => {
  event.preventDefault();
  reviewer = at("reviewer").value.trim();
  if (!reviewer) return;
  order = shuffled(held.images.length, reviewer);
  decided = recall();
  place = Math.max(0, order.findIndex((row) => decided[held.images[row].id] === undefined));
  at("begin").hidden = true;
  at("work").hidden = false;
  show();
  at("keep").focus();
});
at("keep").addEventListener("click", () => decide(true));
at("reject").addEventListener("click", () => decide(false));
at("before").addEventListener("click", () => go(-1));
at("after").addEventListener("click", () => go(1));
at("open").addEventListener("click", open);
at("save").addEventListener("click", save);
document.addEventListener("keydown", (event) => {
  if (at("work").hidden || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = {
    k: () => decide(true), r: () => decide(false), n: open, arrowleft: () => go(-1), arrowright: () => go(1),
  }[event.key.toLowerCase()];
  if (!act) return;
  // A key that is held down decides one picture, not all that follow; arrows may run.
  if (event.repeat && !event.key.startsWith("Arrow")) return event.preventDefault();
  event.preventDefault();
  act();
});
