// The picture of a flow as a map: zoom, pan, keys from step to step, and a small map of the whole. Nothing of the picture
// is made here; what is seen of it is set by its viewBox. Without this script the picture scrolls.

const SVG = "http://www.w3.org/2000/svg";
const FIT_MIN = 0.7;
const FAR = 0.6;
const ZOOM_MIN = 0.1;
const ZOOM_MAX = 3;

const place = (group) => {
  const { e, f } = group.transform.baseVal.consolidate().matrix;
  const frame = group.querySelector(".frame");
  return { x: e, y: f, width: frame.width.baseVal.value, height: frame.height.baseVal.value };
};

class PictureMap {
  constructor(figure) {
    this.figure = figure;
    this.window = figure.querySelector(".map-window");
    this.svg = figure.querySelector("svg.picture");
    const { width, height } = this.svg.viewBox.baseVal;
    this.size = { width, height };
    this.steps = [...this.svg.querySelectorAll(".step")];
    this.places = this.steps.map(place);
    this.out = this.steps.map((step) => step.dataset.out.split(" ").filter(Boolean).map(Number));
    this.into = this.steps.map(() => []);
    this.out.forEach((targets, from) => targets.forEach((to) => this.into[to].push(from)));
    this.path = [];
    figure.classList.add("moves");
    // A small picture takes no more room than it needs.
    this.window.style.maxHeight = `${Math.max(this.size.height, 260)}px`;
    this.buttons();
    this.pointer();
    this.stops();
    this.miniature();
    this.open();
    this.follow();
    new ResizeObserver(() => this.show()).observe(this.window);
    addEventListener("pagehide", () => this.remember());
  }

  get scale() { return this.view.scale; }

  /** Opens where it was left, else the whole where it is readable, else at the chosen step. */
  open() {
    const box = this.window.getBoundingClientRect();
    const chosen = Math.max(0, this.steps.findIndex((step) => step.classList.contains("selected")));
    const fit = Math.min(box.width / this.size.width, box.height / this.size.height, 1);
    const at = this.places[chosen] ?? { x: 0, y: 0, width: 0, height: 0 };
    const kept = this.kept();
    const known = kept ? this.steps.findIndex((step) => step.dataset.step === kept.step) : -1;
    if (known >= 0) {
      const was = this.places[known];
      this.view = { scale: kept.scale, x: was.x - kept.left / kept.scale, y: was.y - kept.top / kept.scale };
    } else if (fit >= FIT_MIN) {
      this.view = { scale: fit, x: (this.size.width - box.width / fit) / 2, y: 0 };
    } else {
      this.view = { scale: 1, x: at.x + at.width / 2 - box.width / 2, y: at.y - Math.min(box.height / 4, 80) };
    }
    this.show();
  }

  /** The step that is looked at keeps its place on the screen when another version of the flow is shown. */
  kept() {
    try {
      const kept = JSON.parse(sessionStorage.getItem("map") ?? "null");
      return kept?.path === location.pathname ? kept : null;
    } catch { return null; }
  }

  remember() {
    const index = this.current ?? 0;
    const at = this.places[index];
    if (!at) return;
    const { x, y, scale } = this.view;
    const kept = {
      path: location.pathname, step: this.steps[index].dataset.step, scale,
      left: (at.x - x) * scale, top: (at.y - y) * scale,
    };
    try { sessionStorage.setItem("map", JSON.stringify(kept)); } catch { /* It only opens elsewhere next time. */ }
  }

  show() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      const { clientWidth, clientHeight } = this.window;
      const { scale } = this.view;
      const [width, height] = [clientWidth / scale, clientHeight / scale];
      const margin = 80 / scale;
      const held = (at, room, size) => Math.min(Math.max(at, Math.min(margin - room, -margin)), Math.max(size - margin, size - room + margin));
      this.view.x = held(this.view.x, width, this.size.width);
      this.view.y = held(this.view.y, height, this.size.height);
      this.svg.setAttribute("viewBox", `${this.view.x} ${this.view.y} ${width} ${height}`);
      this.svg.classList.toggle("far", scale < FAR);
      this.lens?.setAttribute("x", this.view.x);
      this.lens?.setAttribute("y", this.view.y);
      this.lens?.setAttribute("width", width);
      this.lens?.setAttribute("height", height);
    });
  }

  zoom(factor, at) {
    const { clientWidth, clientHeight } = this.window;
    const point = at ?? { x: clientWidth / 2, y: clientHeight / 2 };
    const scale = Math.min(Math.max(this.scale * factor, ZOOM_MIN), ZOOM_MAX);
    this.view.x += point.x / this.scale - point.x / scale;
    this.view.y += point.y / this.scale - point.y / scale;
    this.view.scale = scale;
    this.show();
  }

  whole() {
    const box = this.window.getBoundingClientRect();
    const scale = Math.max(Math.min(box.width / this.size.width, box.height / this.size.height, 1), ZOOM_MIN);
    this.view = { scale, x: (this.size.width - box.width / scale) / 2, y: 0 };
    this.show();
  }

  buttons() {
    const acts = { in: () => this.zoom(1.25), out: () => this.zoom(0.8), whole: () => this.whole() };
    for (const button of this.figure.querySelectorAll("[data-map]")) {
      button.hidden = false;
      button.addEventListener("click", acts[button.dataset.map]);
    }
  }

  pointer() {
    const point = (event) => {
      const box = this.window.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    };
    this.window.addEventListener("wheel", (event) => {
      event.preventDefault();
      if (event.ctrlKey || event.metaKey) return this.zoom(Math.exp(-event.deltaY / 300), point(event));
      this.view.x += event.deltaX / this.scale;
      this.view.y += event.deltaY / this.scale;
      this.show();
    }, { passive: false });
    let from = null;
    this.window.addEventListener("pointerdown", (event) => {
      if (event.button === 0) from = { ...point(event), view: { ...this.view }, moved: false };
    });
    addEventListener("pointermove", (event) => {
      if (!from) return;
      const to = point(event);
      from.moved ||= Math.hypot(to.x - from.x, to.y - from.y) > 4;
      if (!from.moved) return;
      this.view.x = from.view.x - (to.x - from.x) / this.scale;
      this.view.y = from.view.y - (to.y - from.y) / this.scale;
      this.show();
    });
    let dragged = false;
    addEventListener("pointerup", () => { dragged = Boolean(from?.moved); from = null; });
    addEventListener("pointercancel", () => { from = null; });
    this.svg.addEventListener("dragstart", (event) => event.preventDefault());
    this.svg.addEventListener("click", (event) => {
      const link = event.target.closest("a");
      if (dragged) { event.preventDefault(); dragged = false; return; }
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      if (link.classList.contains("event") || !document.getElementById("step")) return;
      event.preventDefault();
      this.choose(link);
    });
  }

  /** Opens the panel of a step beside the picture, as a link with data-swap does. */
  choose(link) {
    const to = link.dataset.to === undefined ? link.closest(".step") : this.steps[Number(link.dataset.to)];
    this.steps.forEach((step) => step.classList.toggle("selected", step === to));
    const relay = document.createElement("a");
    relay.href = link.href.baseVal;
    relay.dataset.swap = "#step";
    relay.hidden = true;
    document.body.append(relay);
    relay.click();
    relay.remove();
    if (link.dataset.to !== undefined) this.go(Number(link.dataset.to));
  }

  /** Marks the step whose panel is open, however it was opened. */
  follow() {
    const panel = document.getElementById("step");
    if (!panel) return;
    new MutationObserver(() => {
      const id = new URLSearchParams(location.search).get("step");
      this.steps.forEach((step) => step.classList.toggle("selected", step.dataset.step === id));
    }).observe(panel.parentElement, { childList: true });
  }

  /** One stop of the Tab key; arrows lead from step to step. */
  stops() {
    const chosen = Math.max(0, this.steps.findIndex((step) => step.classList.contains("selected")));
    this.svg.querySelectorAll("a").forEach((link) => link.setAttribute("tabindex", "-1"));
    this.steps.forEach((step, index) => {
      step.addEventListener("pointerenter", () => this.light(index));
      step.addEventListener("pointerleave", () => this.light(this.current));
    });
    this.stop(chosen);
    this.svg.addEventListener("focusin", (event) => {
      const index = this.steps.indexOf(event.target.closest(".step"));
      if (index < 0) return;
      this.stop(index);
      this.light(index);
      this.bring(index);
    });
    this.svg.addEventListener("focusout", () => this.light(undefined));
    this.svg.addEventListener("keydown", (event) => this.key(event));
  }

  stop(index) {
    const link = (at) => this.steps[at]?.querySelector("a.box");
    link(this.current)?.setAttribute("tabindex", "-1");
    this.current = index;
    link(index)?.setAttribute("tabindex", "0");
  }

  go(index) {
    if (index === undefined || !this.steps[index]) return;
    this.steps[index].querySelector("a.box").focus({ preventScroll: true });
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.current;
    const parent = this.path.findLast((from) => this.out[from].includes(at)) ?? this.into[at]?.[0];
    const siblings = parent === undefined ? [] : this.out[parent];
    const beside = (by) => siblings[siblings.indexOf(at) + by];
    const acts = {
      ArrowDown: () => { this.path.push(at); this.go(this.out[at]?.[0]); },
      ArrowUp: () => this.go(parent),
      ArrowLeft: () => this.go(beside(-1)),
      ArrowRight: () => this.go(beside(1)),
      Home: () => this.go(0),
      End: () => this.go(this.steps.length - 1),
      Escape: () => this.go(this.path.pop()),
      "+": () => this.zoom(1.25),
      "-": () => this.zoom(0.8),
      0: () => this.whole(),
    };
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  /** Moves the view as little as needed to show a step. */
  bring(index) {
    const at = this.places[index];
    const { clientWidth, clientHeight } = this.window;
    const [width, height] = [clientWidth / this.scale, clientHeight / this.scale];
    const within = (from, room, start, size) => (start < from + 12 ? start - 12 : start + size > from + room - 12 ? start + size - room + 12 : from);
    this.view.x = within(this.view.x, width, at.x, at.width);
    this.view.y = within(this.view.y, height, at.y, at.height);
    this.show();
  }

  /** Lights what leads to and from a step, and draws its stubs as lines. */
  light(index) {
    this.svg.querySelectorAll(".lit").forEach((lit) => lit.classList.remove("lit"));
    this.svg.querySelectorAll(".ghost").forEach((ghost) => ghost.remove());
    if (index === undefined) return;
    this.svg.querySelectorAll(`[data-from="${index}"], .lines [data-to="${index}"], .labels [data-to="${index}"]`)
      .forEach((line) => line.classList.add("lit"));
    const lines = this.svg.querySelector(".lines");
    const from = this.places[index];
    for (const stub of this.steps[index].querySelectorAll(".stub")) {
      const to = this.places[Number(stub.dataset.to)];
      const ghost = document.createElementNS(SVG, "path");
      const [x, y] = [from.x + from.width / 2, from.y + from.height];
      ghost.setAttribute("class", "ghost");
      ghost.setAttribute("d", `M${x} ${y}C${x} ${y + 80} ${to.x + to.width / 2} ${to.y - 80} ${to.x + to.width / 2} ${to.y}`);
      lines?.append(ghost);
    }
  }

  miniature() {
    const small = this.figure.querySelector(".miniature");
    if (!small || this.steps.length < 2) return;
    const rect = (at, name) => {
      const drawn = document.createElementNS(SVG, "rect");
      for (const member of ["x", "y", "width", "height"]) drawn.setAttribute(member, at[member]);
      drawn.setAttribute("class", name);
      return drawn;
    };
    small.setAttribute("viewBox", `0 0 ${this.size.width} ${this.size.height}`);
    this.places.forEach((at, index) => small.append(rect(at, this.steps[index].getAttribute("class"))));
    this.lens = rect({ x: 0, y: 0, width: 0, height: 0 }, "lens");
    small.append(this.lens);
    small.toggleAttribute("hidden", false);
    const jump = (event) => {
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(small.getScreenCTM().inverse());
      this.view.x = at.x - this.window.clientWidth / this.scale / 2;
      this.view.y = at.y - this.window.clientHeight / this.scale / 2;
      this.show();
    };
    small.addEventListener("pointerdown", (event) => {
      event.stopPropagation();
      small.setPointerCapture(event.pointerId);
      jump(event);
    });
    small.addEventListener("pointermove", (event) => { if (event.buttons) jump(event); });
  }
}

for (const figure of document.querySelectorAll("figure.map")) {
  if (figure.querySelector("svg.picture .step")) new PictureMap(figure);
}
