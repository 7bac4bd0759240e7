// The density of a truth of Gaussians, with handles that one drags or moves by keys.

import { niceStep, steps } from "./chart.js";
import { el, put, svg } from "./dom.js";
import { short } from "./format.js";
import { mixture } from "./record.js";

const WIDTH = 300;
const HEIGHT = 130;
const FLOOR = HEIGHT - 20;

export class Curve {
  /** @param owner has `parts` and `many`, and is told by `edit`, `weigh` and `remove` */
  constructor(host, owner) {
    this.owner = owner;
    this.line = svg("path", { class: "truth-line" });
    this.shade = svg("path", { class: "truth-shade" });
    this.handles = svg("g", {});
    this.ticks = svg("g", { class: "truth-ticks" });
    this.node = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "truth-svg", role: "group", "aria-label": "The truth's density, with a handle for each component" }, this.shade, this.line, this.ticks, this.handles);
    const hint = el("p", { class: "hint", text: owner.many ? "Drag a dot to move a component or to change its weight; drag a bar to make it wider." : "Drag the dot to move it; drag the bar to make it wider." });
    put(host, this.node, hint);
    this.view();
    this.paint();
  }

  /** What the curve spans; kept while a handle is dragged, so that nothing moves away under the pointer. */
  view() {
    const { parts } = this.owner;
    const low = Math.min(...parts.map((p) => p.mean - 3.2 * p.std));
    const high = Math.max(...parts.map((p) => p.mean + 3.2 * p.std));
    const room = 0.12 * (high - low);
    this.span = [low - room, high + room];
    this.grid = Float64Array.from({ length: 241 }, (_, i) => this.span[0] + ((this.span[1] - this.span[0]) * i) / 240);
    this.top = 1.25 * Math.max(...this.#density());
  }

  #density() {
    const { parts } = this.owner;
    return mixture(this.grid, parts.map((p) => p.weight), parts.map((p) => p.mean), parts.map((p) => p.std));
  }

  #x(value) {
    return ((value - this.span[0]) / (this.span[1] - this.span[0])) * WIDTH;
  }

  #y(value) {
    return FLOOR - (Math.min(value / this.top, 1.05) * (FLOOR - 8));
  }

  /** Draw the curve and its handles as the components are now. */
  paint() {
    const density = this.#density();
    const points = [...this.grid].map((x, i) => `${this.#x(x).toFixed(1)},${this.#y(density[i]).toFixed(1)}`);
    this.line.setAttribute("d", `M${points.join("L")}`);
    this.shade.setAttribute("d", `M0,${FLOOR}L${points.join("L")}L${WIDTH},${FLOOR}Z`);
    const step = niceStep((this.span[1] - this.span[0]) / 5);
    const ticks = [];
    for (const value of steps(this.span[0], this.span[1], step)) {
      const x = this.#x(value);
      if (x < 10 || x > WIDTH - 10) continue;
      ticks.push(svg("line", { x1: x, x2: x, y1: FLOOR, y2: FLOOR + 4 }), svg("text", { x, y: FLOOR + 16, "text-anchor": "middle", text: short(value) }));
    }
    put(this.ticks, svg("line", { x1: 0, x2: WIDTH, y1: FLOOR, y2: FLOOR }), ...ticks);
    const { parts } = this.owner;
    if (this.handles.childElementCount !== parts.length) {
      put(this.handles, ...parts.map((_, k) => this.#handle(k)));
    }
    [...this.handles.children].forEach((handle, k) => this.#place(handle, parts[k]));
  }

  #place(handle, part) {
    const x = this.#x(part.mean);
    const peak = part.weight / (part.std * Math.sqrt(2 * Math.PI));
    const y = this.#y(peak);
    const side = this.#x(part.mean + part.std);
    const half = this.#y(peak * Math.exp(-0.5));
    const [arm, widen, dot] = handle.children;
    for (const [name, value] of Object.entries({ x1: x, x2: side, y1: half, y2: half })) arm.setAttribute(name, value);
    widen.setAttribute("transform", `translate(${side} ${half})`);
    dot.setAttribute("transform", `translate(${x} ${y})`);
    dot.setAttribute("aria-valuenow", part.mean);
    dot.setAttribute("aria-valuetext", `mean ${short(part.mean)}, weight ${short(part.weight)}`);
    widen.setAttribute("aria-valuenow", part.std);
    widen.setAttribute("aria-valuetext", `standard deviation ${short(part.std)}`);
  }

  #handle(k) {
    const arm = svg("line", { class: `arm c${k % 6}` });
    const widen = svg("g", { class: `widen c${k % 6}`, tabindex: "0", role: "slider", "aria-label": `Width of component ${k + 1}` }, svg("rect", { class: "touch", x: -12, y: -12, width: 24, height: 24 }), svg("rect", { class: "grip", x: -3, y: -9, width: 6, height: 18, rx: 3 }));
    const dot = svg("g", { class: `dot c${k % 6}`, tabindex: "0", role: "slider", "aria-label": `Component ${k + 1}: left and right for its mean, up and down for its weight` }, svg("circle", { class: "touch", r: 14 }), svg("circle", { class: "grip", r: 7 }));
    this.#draggable(dot, (x, y, going) => {
      const part = { ...this.owner.parts[k], mean: x };
      if (this.owner.many) {
        const weight = Math.min(Math.max(y * part.std * Math.sqrt(2 * Math.PI), 0.01), 0.99);
        this.owner.weigh(k, weight, part, going);
      } else this.owner.edit(k, part, going);
    });
    this.#draggable(widen, (x, _, going) => {
      const part = this.owner.parts[k];
      this.owner.edit(k, { ...part, std: Math.max(x - part.mean, (this.span[1] - this.span[0]) / 200) }, going);
    });
    dot.addEventListener("keydown", (event) => {
      const part = this.owner.parts[k];
      const step = (this.span[1] - this.span[0]) / (event.shiftKey ? 20 : 100);
      const turn = event.shiftKey ? 0.1 : 0.02;
      if (event.key === "ArrowLeft") this.owner.edit(k, { ...part, mean: part.mean - step }, false);
      else if (event.key === "ArrowRight") this.owner.edit(k, { ...part, mean: part.mean + step }, false);
      else if (event.key === "ArrowUp" && this.owner.parts.length > 1) this.owner.weigh(k, Math.min(part.weight + turn, 0.99), part, false);
      else if (event.key === "ArrowDown" && this.owner.parts.length > 1) this.owner.weigh(k, Math.max(part.weight - turn, 0.01), part, false);
      else if (event.key === "Delete" && this.owner.parts.length > 1) this.owner.remove(k);
      else return;
      event.preventDefault();
    });
    widen.addEventListener("keydown", (event) => {
      const part = this.owner.parts[k];
      const factor = event.shiftKey ? 1.25 : 1.05;
      if (event.key === "ArrowRight" || event.key === "ArrowUp") this.owner.edit(k, { ...part, std: part.std * factor }, false);
      else if (event.key === "ArrowLeft" || event.key === "ArrowDown") this.owner.edit(k, { ...part, std: part.std / factor }, false);
      else return;
      event.preventDefault();
    });
    return svg("g", {}, arm, widen, dot);
  }

  #draggable(node, moved) {
    let held = false;
    const value = (event) => {
      const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.node.getScreenCTM().inverse());
      const [low, high] = this.span;
      return [
        low + (Math.min(Math.max(x, 4), WIDTH - 4) / WIDTH) * (high - low),
        (Math.max(FLOOR - y, 0) / (FLOOR - 8)) * this.top,
      ];
    };
    node.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      held = true;
      node.setPointerCapture(event.pointerId);
      node.focus({ preventScroll: true });
      event.preventDefault();
    });
    node.addEventListener("pointermove", (event) => held && moved(...value(event), true));
    for (const end of ["pointerup", "pointercancel"]) {
      node.addEventListener(end, (event) => {
        if (!held) return;
        held = false;
        if (end === "pointerup") moved(...value(event), false);
        this.view();
        this.paint();
      });
    }
  }

  /** Span anew where something lies outside, unless a handle is held. */
  spanAnew() {
    if (this.node.matches(":active")) return;
    const out = this.owner.parts.some((p) => p.mean - 2 * p.std < this.span[0] || p.mean + 2 * p.std > this.span[1]);
    if (out || Math.max(...this.#density()) > this.top) this.view();
  }
}
