// Shows the page by day or by night whatever the system says: the style sheets' own rules, with their condition changed.
const NIGHT = "(prefers-color-scheme: dark)";

function* nightRules(rules) {
  for (const rule of rules) {
    if (rule instanceof CSSMediaRule) {
      if (rule.media.mediaText === NIGHT) yield rule;
      else yield* nightRules(rule.cssRules);
    }
  }
}

const rules = [...document.styleSheets].flatMap((sheet) => [...nightRules(sheet.cssRules)]);
const system = matchMedia(NIGHT);

function show(light) {
  for (const rule of rules) rule.media.mediaText = { system: NIGHT, light: "not all", dark: "all" }[light];
  const dark = light === "dark" || (light === "system" && system.matches);
  document.documentElement.dataset.bsTheme = dark ? "dark" : "light";
  for (const button of document.querySelectorAll("[data-light]")) {
    button.setAttribute("aria-pressed", String(button.dataset.light === light));
  }
}

document.querySelector("[data-lights]").addEventListener("click", (event) => {
  if (event.target.dataset.light) show(event.target.dataset.light);
});
