// The picture on its dark ground: original, heat or both side by side; zoom, pan and fit for every pane at once.
import { paintHeat } from "./heat.js";
import { Ruler, ScaleBar } from "./scale.js";

const MOST_ZOOM = 16; // times the fitted size
const STEP = 1.25;
const SLOW = 500; // milliseconds, after which an image that has not come says that it is on its way
const PAN_STEP = 0.08; // of the picture
// After the frame that shows what was decoded.
const painted = () => new Promise((resolve) => { requestAnimationFrame(() => setTimeout(resolve)); });
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

class Viewer {
  constructor(root) {
    this.root = root;
    this.stage = root.querySelector("[data-stage]");
    this.panes = [...root.querySelectorAll("[data-pane]")];
    this.canvas = root.querySelector("[data-heat]");
    this.mode = "original";
    this.size = { width: Number(root.dataset.width), height: Number(root.dataset.height) };
    this.pointers = new Map();
    this.bar = new ScaleBar(root);
    this.ruler = new Ruler(root, this.size);
    this.fit();
    this.listen();
    this.begin();
  }

  // First the picture; what is laid over it or stands beside it must not hold it up.
  async begin() {
    const original = await this.decoded();
    openBeside();
    await painted();
    if (!original) return; // nobody misses the heatmap of a picture that is not there
    this.copy(original);
    await this.loadHeat();
  }

  // ── Place ────────────────────────────────────────────────────────────────────────────────────
  get pane() {
    return this.panes.find((pane) => !pane.hidden);
  }

  get fitScale() {
    return Math.min(this.pane.clientWidth / this.size.width, this.pane.clientHeight / this.size.height);
  }

  fit() {
    this.zoom = 1;
    this.centre = { x: 0.5, y: 0.5 };
    this.place();
  }

  actualSize() {
    this.zoomTo(1 / this.fitScale);
  }

  // `at` stays under the pointer: a share of the pane, its middle by default.
  zoomTo(zoom, at = { x: 0.5, y: 0.5 }) {
    const before = this.shown();
    this.zoom = clamp(zoom, Math.min(1, 1 / this.fitScale), MOST_ZOOM);
    const after = this.shown();
    this.centre.x += (at.x - 0.5) * (before.x - after.x);
    this.centre.y += (at.y - 0.5) * (before.y - after.y);
    this.place();
  }

  pan(x, y) {
    this.centre.x += x;
    this.centre.y += y;
    this.place();
  }

  // How much of the picture a pane holds, in shares of the picture; above 1 there is ground around it.
  shown() {
    const scale = this.fitScale * this.zoom;
    return {
      x: this.pane.clientWidth / (this.size.width * scale),
      y: this.pane.clientHeight / (this.size.height * scale),
    };
  }

  place() {
    const shown = this.shown();
    for (const axis of ["x", "y"]) {
      const half = Math.min(shown[axis] / 2, 0.5);
      this.centre[axis] = shown[axis] >= 1 ? 0.5 : clamp(this.centre[axis], half, 1 - half);
    }
    const scale = this.fitScale * this.zoom;
    const left = this.pane.clientWidth / 2 - this.centre.x * this.size.width * scale;
    const top = this.pane.clientHeight / 2 - this.centre.y * this.size.height * scale;
    for (const picture of this.root.querySelectorAll("[data-picture]")) {
      picture.style.width = `${this.size.width * scale}px`;
      picture.style.height = `${this.size.height * scale}px`;
      picture.style.transform = `translate(${left}px, ${top}px)`;
    }
    this.bar.place({ scale });
    this.ruler.place({ left, top, scale });
    this.stage.classList.toggle("is-zoomed", this.zoom > 1.001);
    this.root.querySelector("[data-zoom]").textContent = `${Math.round(scale * 100)} %`;
  }

  // ── What is shown ────────────────────────────────────────────────────────────────────────────
  show(mode) {
    if (mode !== "original" && !this.map) {
      this.wanted = mode; // asked for before the heat had come
      return;
    }
    this.mode = mode;
    if (mode !== "original" && this.ruler.isOpen) this.ruler.close();
    for (const pane of this.panes) pane.hidden = mode !== "both" && pane.dataset.pane !== mode;
    for (const button of this.root.querySelectorAll("[data-show]")) {
      button.setAttribute("aria-pressed", String(button.dataset.show === mode));
    }
    for (const control of this.root.querySelectorAll("[data-heat-control]")) control.hidden = mode === "original";
    this.place();
  }

  // A line over the original: with two pictures beside each other nobody could say on which it lies.
  measure() {
    if (this.ruler.isOpen) {
      this.ruler.close();
      return;
    }
    this.show("original");
    this.ruler.open(this.centre, this.shown());
    this.place();
    this.ruler.ends[0].focus();
  }

  toggleHeat() {
    this.show(this.mode === "heat" ? "original" : "heat");
  }

  async decoded() {
    const original = this.root.querySelector("[data-original]");
    const slow = setTimeout(() => {
      this.note("The image is loading …");
      openBeside();
    }, SLOW);
    try {
      await original.decode();
      clearTimeout(slow);
      if (this.root.querySelector("[data-picture-note]").textContent.startsWith("The image is loading")) this.note("");
    } catch {
      clearTimeout(slow);
      this.note("The image could not be loaded. Reload the page; if that does not help, tell your administrator.");
      return null;
    }
    return original;
  }

  // The heat lies on a copy of the picture, so that its bytes are fetched, and its viewing is recorded, once.
  copy(original) {
    const base = this.root.querySelector("[data-base]");
    [base.width, base.height] = [original.naturalWidth, original.naturalHeight];
    base.getContext("2d").drawImage(original, 0, 0);
  }

  async loadHeat() {
    if (!this.root.dataset.heatUrl) return;
    this.map = await this.fetchHeat();
    if (!this.map) return;
    for (const button of this.root.querySelectorAll("[data-show]")) button.disabled = false;
    this.paint();
    if (this.wanted) this.show(this.wanted);
  }

  // Nothing comes where the connection is gone, the server refuses, or the session has ended (a page instead of numbers).
  async fetchHeat() {
    try {
      const answer = await fetch(this.root.dataset.heatUrl, { headers: { Accept: "application/json" } });
      if (answer.ok) return await answer.json();
    } catch {
      // told below, like a refusal
    }
    this.note("The heatmap could not be loaded. Reload the page to try again.");
    return null;
  }

  // Over the original, which is what stands there when something is missing.
  note(sentence) {
    this.root.querySelector("[data-picture-note]").textContent = sentence;
  }

  refuseHeat(sentence) {
    this.root.querySelector("[data-heat-note]").textContent = sentence;
  }

  paint() {
    const choice = this.root.querySelector("[data-class]");
    paintHeat(this.canvas, this.map, choice.value);
    const [option] = choice.selectedOptions;
    const name = option.text;
    this.canvas.setAttribute("aria-label", `Heat for ${name}`);
    this.root.querySelector("[data-heat-tag]").textContent =
      `Heat for ${name.toLowerCase()} (probability ${option.dataset.probability}), scaled to its own maximum`;
    const cold = this.map.maxima[choice.value] <= 0;
    this.refuseHeat(cold ? "Nothing in the image speaks for this diagnosis." : "");
    this.fade();
  }

  fade() {
    this.canvas.style.opacity = this.root.querySelector("[data-opacity]").value / 100;
  }

  // ── Hands ────────────────────────────────────────────────────────────────────────────────────
  listen() {
    const acts = {
      fit: () => this.fit(),
      actual: () => this.actualSize(),
      in: () => this.zoomTo(this.zoom * STEP),
      out: () => this.zoomTo(this.zoom / STEP),
    };
    this.root.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button?.dataset.act) acts[button.dataset.act]();
      if (button?.dataset.show) this.show(button.dataset.show);
    });
    this.root.querySelector("[data-opacity]")?.addEventListener("input", () => this.fade());
    this.root.querySelector("[data-class]")?.addEventListener("change", () => this.paint());
    this.stage.addEventListener("keydown", (event) => this.steer(event));
    this.listenToPointers();
    new ResizeObserver(() => this.place()).observe(this.stage);
  }

  steer(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const step = steps[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.pan(...step.map((share) => (share * PAN_STEP) / this.zoom));
  }

  listenToPointers() {
    this.stage.addEventListener("wheel", (event) => {
      // On a page that scrolls (small screens) the wheel belongs to the page until the picture is zoomed.
      if (!event.ctrlKey && this.zoom <= 1 && event.deltaY > 0) return;
      event.preventDefault();
      this.zoomTo(this.zoom * Math.exp(-event.deltaY * 0.0015), this.within(event));
    }, { passive: false });
    this.stage.addEventListener("dblclick", (event) => {
      if (this.zoom > 1.001) this.fit();
      else this.zoomTo(3, this.within(event));
    });
    this.stage.addEventListener("pointerdown", (event) => {
      this.pointers.set(event.pointerId, event);
      this.stage.setPointerCapture(event.pointerId);
    });
    this.stage.addEventListener("pointermove", (event) => this.drag(event));
    for (const end of ["pointerup", "pointercancel"]) {
      this.stage.addEventListener(end, (event) => this.pointers.delete(event.pointerId));
    }
  }

  drag(event) {
    const last = this.pointers.get(event.pointerId);
    if (!last) return;
    const other = [...this.pointers.values()].find((pointer) => pointer.pointerId !== event.pointerId);
    this.pointers.set(event.pointerId, event);
    if (other) {
      const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
      this.zoomTo(this.zoom * (apart(event) / Math.max(apart(last), 1)), this.within(other));
      return;
    }
    const scale = this.fitScale * this.zoom;
    this.pan((last.clientX - event.clientX) / (this.size.width * scale), (last.clientY - event.clientY) / (this.size.height * scale));
  }

  // Where a pointer is in its pane, as shares of it.
  within(event) {
    const box = this.panes
      .filter((pane) => !pane.hidden)
      .map((pane) => pane.getBoundingClientRect())
      .find((rect) => event.clientX >= rect.left && event.clientX <= rect.right) ?? this.pane.getBoundingClientRect();
    return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
  }
}

// The small pictures of other images and cases are asked for from now on.
function openBeside() {
  document.body.dataset.pictured = "";
}

export function openViewer(root) {
  if (root) return new Viewer(root);
  openBeside();
  return null;
}
