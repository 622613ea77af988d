// The body map and the two lists beside it say the same place; whichever was used last speaks for both.
(() => {
  document.documentElement.classList.add("with-script");
  const map = document.querySelector("[data-body-map]");
  if (!map) return;
  const svg = map.querySelector("svg");
  const regions = [...svg.querySelectorAll(".region")];
  const dot = svg.querySelector(".point");
  const chosen = map.querySelector("[data-body-chosen]");
  const { site, laterality, body_x: x, body_y: y } = map.closest("form").elements;
  const [width, height] = [Number(svg.dataset.width), Number(svg.dataset.height)];

  function draw() {
    for (const region of regions) {
      const here = region.dataset.site === site.value;
      region.setAttribute("aria-pressed", String(here && region.dataset.side === laterality.value));
      region.classList.toggle("near", here && laterality.value === "unknown");
    }
    dot.toggleAttribute("hidden", x.value === "");
    dot.setAttribute("cx", x.value * width);
    dot.setAttribute("cy", y.value * height);
    const word = (list) => list.selectedOptions[0].text.toLowerCase();
    chosen.textContent = site.value ? `Chosen: ${word(site)}, ${laterality.value === "unknown" ? "side unknown" : word(laterality)}` : "";
  }

  function point(share) {
    [x.value, y.value] = share ? share.map((each) => each.toFixed(4)) : ["", ""];
  }

  function choose(region, share) {
    site.value = region.dataset.site;
    laterality.value = region.dataset.side;
    point(share);
    enter(region);
    draw();
  }

  // One stop of the tabulator; the arrows move inside.
  function enter(region) {
    for (const each of regions) each.setAttribute("tabindex", each === region ? "0" : "-1");
  }

  const middle = (region) => {
    const box = region.getBBox();
    return [box.x + box.width / 2, box.y + box.height / 2];
  };
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  // The nearest region that way: what lies aside counts double, and more aside than ahead is another way.
  function beside(region, [across, down]) {
    const [fromX, fromY] = middle(region);
    let best = null;
    let least = Infinity;
    for (const each of regions) {
      const [toX, toY] = middle(each);
      const ahead = (toX - fromX) * across + (toY - fromY) * down;
      const aside = Math.abs((toX - fromX) * down) + Math.abs((toY - fromY) * across);
      if (each === region || ahead <= aside || ahead + 2 * aside >= least) continue;
      [best, least] = [each, ahead + 2 * aside];
    }
    return best;
  }

  svg.addEventListener("keydown", (event) => {
    const region = event.target.closest(".region");
    if (!region || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      choose(region, null);
    } else if (ways[event.key]) {
      event.preventDefault();
      const next = beside(region, ways[event.key]);
      if (!next) return;
      enter(next);
      next.focus();
    }
  });
  svg.addEventListener("click", (event) => {
    const region = event.target.closest(".region");
    if (!region) return;
    const box = svg.getScreenCTM().inverse();
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(box);
    // A screen reader's click comes from nowhere.
    choose(region, event.clientX || event.clientY ? [at.x / width, at.y / height] : null);
  });
  for (const list of [site, laterality]) {
    list.addEventListener("change", () => {
      point(null);
      draw();
    });
  }
  draw();
})();
