// One key, one act. Keys rest while somebody types, and can be switched off in the list of keys.
const SWITCH = "single-key-shortcuts";

const typing = (target) => target.closest("input:not([type=radio], [type=checkbox], [type=range]), textarea, select, [contenteditable]");
const off = () => localStorage.getItem(SWITCH) === "off";

export function bindKeys(acts) {
  const help = document.querySelector("[data-keys-help]");
  prepareSwitch(help);
  for (const button of document.querySelectorAll("[data-keys-open]")) button.addEventListener("click", () => help.showModal());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || typing(event.target)) return;
    if (off() || document.querySelector("dialog[open]")) return;
    const act = event.key === "?" ? () => help?.showModal() : acts[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

function prepareSwitch(help) {
  const box = help?.querySelector("[data-keys-switch]");
  if (!box) return;
  box.checked = !off();
  box.addEventListener("change", () => localStorage.setItem(SWITCH, box.checked ? "on" : "off"));
}
