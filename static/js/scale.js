// How large things on the picture are: a bar of round millimetres, and a line to be drawn over a known length.

const LONGEST_BAR = 120; // CSS pixels
const FINE = 1; // pixels of the picture that an arrow key moves an end by
const COARSE = 10;

// The longest of 1, 2, 5 × 10ⁿ millimetres that is not longer than `most`.
export function roundLength(most) {
  const power = 10 ** Math.floor(Math.log10(most));
  const digit = [5, 2, 1].find((each) => each * power <= most * (1 + 1e-9));
  return Number((digit * power).toPrecision(1));
}

export class ScaleBar {
  constructor(root) {
    this.bar = root.querySelector("[data-scale-bar]");
    this.spacing = Number(root.dataset.pixelSpacing); // millimetres per pixel of the picture
  }

  // `scale`: CSS pixels that one pixel of the picture is shown at.
  place({ scale }) {
    if (!this.bar) return;
    const length = roundLength((LONGEST_BAR * this.spacing) / scale);
    this.bar.style.width = `${(length / this.spacing) * scale}px`;
    this.bar.textContent = `${length} mm`;
    this.bar.setAttribute("aria-label", `Scale bar: ${length} mm`);
    this.bar.hidden = false;
  }
}

export class Ruler {
  constructor(root, size) {
    this.root = root.querySelector("[data-ruler]");
    this.size = size;
    this.place = this.place.bind(this);
    if (!this.root) return;
    this.line = this.root.querySelector("[data-ruler-line]");
    this.ends = [...this.root.querySelectorAll("[data-ruler-end]")];
    this.offer = document.querySelector("[data-measure-offer]");
    if (this.offer) this.offer.hidden = false;
    for (const [which, end] of this.ends.entries()) this.listen(end, which);
  }

  get isOpen() {
    return Boolean(this.root) && !this.root.hidden;
  }

  // Over the middle of what is seen: shares of the picture.
  open({ x, y }, shown) {
    const reach = Math.min(shown.x, 1) / 4;
    this.points = [-reach, reach].map((step) => ({ x: (x + step) * this.size.width, y: y * this.size.height }));
    this.placed = [false, false];
    this.root.hidden = false;
    this.say(true);
  }

  close() {
    this.root.hidden = true;
    this.offerLength("");
    this.say(false);
  }

  say(pressed) {
    this.offer?.querySelector("[data-measure]").setAttribute("aria-pressed", String(pressed));
  }

  place(at) {
    this.at = at;
    if (!this.isOpen) return;
    const [start, end] = this.points.map(({ x, y }) => ({ x: at.left + x * at.scale, y: at.top + y * at.scale }));
    const ends = { x1: start.x, y1: start.y, x2: end.x, y2: end.y };
    for (const [name, value] of Object.entries(ends)) this.line.setAttribute(name, value);
    for (const [which, { x, y }] of [start, end].entries()) this.ends[which].style.transform = `translate(${x}px, ${y}px)`;
    this.tell();
  }

  tell() {
    const [start, end] = this.points;
    const length = Math.hypot(end.x - start.x, end.y - start.y).toFixed(1);
    const measured = this.placed.every(Boolean);
    this.root.querySelector("[data-ruler-length]").textContent = measured ? `${length} pixels` : "Put both ends on the ruler";
    if (measured) this.offerLength(length);
  }

  // Only a length that somebody measured, and only as long as its line is seen. What was typed by hand stays.
  offerLength(length) {
    const field = document.querySelector("[data-length-px]");
    if (!field || (!length && field.value !== this.offered)) return;
    field.value = length;
    this.offered = length;
  }

  put(which) {
    this.placed[which] = true;
    this.tell();
  }

  move(which, x, y) {
    const within = (value, most) => Math.min(Math.max(value, 0), most);
    this.points[which] = { x: within(x, this.size.width), y: within(y, this.size.height) };
    this.placed[which] = true;
    this.place(this.at);
  }

  listen(end, which) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    end.addEventListener("keydown", (event) => {
      const step = steps[event.key];
      if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation(); // the picture stays where it is
      const by = event.shiftKey ? COARSE : FINE;
      this.move(which, this.points[which].x + step[0] * by, this.points[which].y + step[1] * by);
    });
    end.addEventListener("click", () => this.put(which)); // it lies right where it is
    end.addEventListener("pointerdown", (event) => {
      event.stopPropagation();
      end.setPointerCapture(event.pointerId);
    });
    end.addEventListener("pointermove", (event) => {
      if (!end.hasPointerCapture(event.pointerId)) return;
      const ground = this.root.getBoundingClientRect();
      const { left, top, scale } = this.at;
      this.move(which, (event.clientX - ground.left - left) / scale, (event.clientY - ground.top - top) / scale);
    });
  }
}
