// What is wrong with the page as it stands, as a list of sentences for each question.
({
  // Whatever reaches past the right edge and cannot be scrolled to inside its own frame.
  overflow() {
    const width = document.documentElement.clientWidth;
    const scrolls = (element) => ["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(element).overflowX);
    const framed = (element) => {
      for (let outer = element.parentElement; outer && outer !== document.body; outer = outer.parentElement) {
        if (scrolls(outer) && outer.getBoundingClientRect().right <= width + 1) return true;
      }
      return false;
    };
    const wide = [...document.body.querySelectorAll("*")].filter((element) => {
      const box = element.getBoundingClientRect();
      return box.width > 0 && box.right > width + 1 && element.checkVisibility() && !element.closest("svg *") && !framed(element);
    });
    const words = wide.slice(0, 3).map((element) => `${describe(element)} ends at ${Math.round(element.getBoundingClientRect().right)} of ${width} px`);
    const page = document.documentElement.scrollWidth;
    return page > width ? [`the page is ${page} px wide in a window of ${width}`, ...words] : words;

    function describe(element) {
      return `<${element.tagName.toLowerCase()} class="${element.className.baseVal ?? element.className}">`;
    }
  },

  headings() {
    const found = [...document.querySelectorAll("main h1, main h2, main h3, main h4")].filter((heading) => heading.checkVisibility());
    const first = found.filter((heading) => heading.tagName === "H1");
    const faults = first.length === 1 ? [] : [`${first.length} first headings`];
    return [...faults, ...found.filter((heading) => !heading.textContent.trim()).map((heading) => `an empty ${heading.tagName}`)];
  },

  // Stricter than axe: a placeholder or a title alone is no label.
  labels() {
    const controls = [...document.querySelectorAll("input:not([type=hidden]), select, textarea, button, summary, a[href]")];
    const named = (control) =>
      control.getAttribute("aria-label")?.trim() ||
      (control.getAttribute("aria-labelledby") ?? "").split(/\s+/).some((id) => document.getElementById(id)?.textContent.trim()) ||
      [...(control.labels ?? [])].some((label) => label.textContent.trim()) ||
      (!control.labels?.length && control.matches("button, summary, a") && (control.textContent.trim() || control.querySelector("img[alt]:not([alt=''])")));
    return controls
      .filter((control) => control.checkVisibility() && !named(control))
      .map((control) => `no label: ${control.outerHTML.slice(0, 120)}`);
  },

  pictures() {
    return [...document.images]
      .filter((image) => image.checkVisibility() && image.complete && image.naturalWidth === 0)
      .map((image) => `a picture did not arrive: ${image.getAttribute("src")}`);
  },
})
