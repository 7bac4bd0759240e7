// The truth: components one drags on its curve, a law of categories, or a data set one uploads.

import { niceStep, steps } from "./chart.js";
import { el, fresh, lookup, put, svg } from "./dom.js";
import { choice, number } from "./fields.js";
import { short } from "./format.js";
import { mixture } from "./record.js";
import { fileChooser } from "./upload.js";

const WIDTH = 300;
const HEIGHT = 130;
const FLOOR = HEIGHT - 20;
const MOST = 8;

const FAMILIES = lookup({
  gaussian: ["one Gaussian", () => ({ family: "gaussian", mean: 0, std: 1 })],
  mixture: ["a mixture of Gaussians", () => ({ family: "mixture", weights: [0.5, 0.5], means: [-2, 2], stds: [1, 1] })],
  categorical: ["categories (Zipf’s law)", () => ({ family: "categorical", zipf: { categories: 50, exponent: 1, shift: 0 } })],
  data: ["a data set (CSV)", null],
});

const tidy = (value, digits = 3) => Number(value.toPrecision(digits));

/** Weights that add up to 1 exactly, as they are written. */
function normalised(weights) {
  const sum = weights.reduce((a, b) => a + b, 0) || 1;
  const parts = weights.map((weight) => Math.round((1e4 * weight) / sum) / 1e4);
  const rest = 1 - parts.reduce((a, b) => a + b, 0);
  const most = parts.indexOf(Math.max(...parts));
  parts[most] = Math.round(1e4 * (parts[most] + rest)) / 1e4;
  return parts;
}

export class TruthEditor {
  /**
   * @param changed called with the truth's table, an upload's id or "", and whether a drag goes on
   * @param upload sends {csv, name}, gives the server's answer, or throws
   */
  constructor(host, known, changed, upload) {
    this.host = host;
    this.known = known;
    this.changed = changed;
    this.upload = upload;
    this.data = null;
  }

  /** Show a truth. */
  set(truth, uploaded = "") {
    this.truth = truth;
    this.uploaded = uploaded;
    const choices = Object.entries(FAMILIES)
      .filter(([name]) => this.known.includes(name))
      .map(([name, [text]]) => [name, text]);
    const family = choice("Truth", choices, truth.family, (name) => this.#family(name), { path: "truth.family" });
    family.classList.add("bare");
    this.body = el("div", {});
    put(this.host, family, this.body);
    if (truth.family === "gaussian" || truth.family === "mixture") {
      if (drawable(truth)) this.#curve();
      else put(this.body, el("p", { class: "hint", text: "These components cannot be drawn." }));
    }
    if (truth.family === "categorical") this.#categories();
    else if (truth.family === "data") this.#file();
  }

  #family(name) {
    if (name === "data") {
      this.truth = { family: "data" };
      put(this.body);
      this.#file();
      return;
    }
    this.#tell(FAMILIES[name][1](), false);
    this.set(this.truth);
  }

  #tell(truth, going, uploaded = "") {
    this.truth = truth;
    this.uploaded = uploaded;
    this.changed(truth, uploaded, going);
  }

  // -- Gaussians -------------------------------------------------------------------------------------------

  get parts() {
    const { truth } = this;
    if (truth.family === "gaussian") return [{ weight: 1, mean: truth.mean, std: truth.std }];
    return truth.weights.map((weight, k) => ({ weight, mean: truth.means[k], std: truth.stds[k] }));
  }

  #become(parts, going) {
    if (this.truth.family === "gaussian") {
      this.#tell({ family: "gaussian", mean: tidy(parts[0].mean), std: tidy(parts[0].std) }, going);
      return;
    }
    const weights = normalised(parts.map((part) => part.weight));
    this.#tell(
      { family: "mixture", weights, means: parts.map((p) => tidy(p.mean)), stds: parts.map((p) => tidy(p.std)) },
      going,
    );
  }

  #curve() {
    this.line = svg("path", { class: "truth-line" });
    this.shade = svg("path", { class: "truth-shade" });
    this.handles = svg("g", {});
    this.ticks = svg("g", { class: "truth-ticks" });
    this.node = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "truth-svg", role: "group", "aria-label": "The truth's density, with a handle for each component" }, this.shade, this.line, this.ticks, this.handles);
    const hint = el("p", { class: "hint", text: this.truth.family === "mixture" ? "Drag a dot to move a component or to change its weight; drag a bar to make it wider." : "Drag the dot to move it; drag the bar to make it wider." });
    this.rows = el("div", { class: "parts" });
    put(this.body, this.node, hint, this.rows);
    this.#view();
    this.#paint();
    this.#rows();
  }

  /** What the curve spans; kept while a handle is dragged, so that nothing moves away under the pointer. */
  #view() {
    const { parts } = this;
    const low = Math.min(...parts.map((p) => p.mean - 3.2 * p.std));
    const high = Math.max(...parts.map((p) => p.mean + 3.2 * p.std));
    const room = 0.12 * (high - low);
    this.span = [low - room, high + room];
    this.grid = Float64Array.from({ length: 241 }, (_, i) => this.span[0] + ((this.span[1] - this.span[0]) * i) / 240);
    this.top = 1.25 * Math.max(...this.#density());
  }

  #density() {
    const { parts } = this;
    return mixture(this.grid, parts.map((p) => p.weight), parts.map((p) => p.mean), parts.map((p) => p.std));
  }

  #x(value) {
    return ((value - this.span[0]) / (this.span[1] - this.span[0])) * WIDTH;
  }

  #y(value) {
    return FLOOR - (Math.min(value / this.top, 1.05) * (FLOOR - 8));
  }

  #paint() {
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
    const { parts } = this;
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
      const part = { ...this.parts[k], mean: x };
      if (this.truth.family === "mixture") {
        const weight = Math.min(Math.max(y * part.std * Math.sqrt(2 * Math.PI), 0.01), 0.99);
        this.#weigh(k, weight, part, going);
      } else this.#edit(k, part, going);
    });
    this.#draggable(widen, (x, _, going) => {
      const part = this.parts[k];
      this.#edit(k, { ...part, std: Math.max(x - part.mean, (this.span[1] - this.span[0]) / 200) }, going);
    });
    dot.addEventListener("keydown", (event) => {
      const part = this.parts[k];
      const step = (this.span[1] - this.span[0]) / (event.shiftKey ? 20 : 100);
      const turn = event.shiftKey ? 0.1 : 0.02;
      if (event.key === "ArrowLeft") this.#edit(k, { ...part, mean: part.mean - step }, false);
      else if (event.key === "ArrowRight") this.#edit(k, { ...part, mean: part.mean + step }, false);
      else if (event.key === "ArrowUp" && this.parts.length > 1) this.#weigh(k, Math.min(part.weight + turn, 0.99), part, false);
      else if (event.key === "ArrowDown" && this.parts.length > 1) this.#weigh(k, Math.max(part.weight - turn, 0.01), part, false);
      else if (event.key === "Delete" && this.parts.length > 1) this.#remove(k);
      else return;
      event.preventDefault();
    });
    widen.addEventListener("keydown", (event) => {
      const part = this.parts[k];
      const factor = event.shiftKey ? 1.25 : 1.05;
      if (event.key === "ArrowRight" || event.key === "ArrowUp") this.#edit(k, { ...part, std: part.std * factor }, false);
      else if (event.key === "ArrowLeft" || event.key === "ArrowDown") this.#edit(k, { ...part, std: part.std / factor }, false);
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
        this.#view();
        this.#paint();
      });
    }
  }

  #edit(k, part, going) {
    const parts = this.parts.map((one, i) => (i === k ? part : one));
    this.#become(parts, going);
    if (!going && !this.node.matches(":active")) this.#viewIfOut();
    this.#paint();
    this.#rows();
  }

  #viewIfOut() {
    const out = this.parts.some((p) => p.mean - 2 * p.std < this.span[0] || p.mean + 2 * p.std > this.span[1]);
    if (out || Math.max(...this.#density()) > this.top) this.#view();
  }

  /** A new weight: the others keep their proportion. */
  #weigh(k, weight, part, going) {
    const others = 1 - this.parts[k].weight;
    const parts = this.parts.map((one, i) =>
      i === k ? { ...part, weight } : { ...one, weight: others > 0 ? (one.weight * (1 - weight)) / others : (1 - weight) / (this.parts.length - 1) },
    );
    this.#become(parts, going);
    this.#paint();
    this.#rows();
  }

  #remove(k) {
    this.#become(this.parts.filter((_, i) => i !== k), false);
    this.#curve();
  }

  #add() {
    const { parts } = this;
    const right = Math.max(...parts.map((p) => p.mean + 2 * p.std));
    const weight = 1 / (parts.length + 1);
    const next = parts.map((p) => ({ ...p, weight: p.weight * (1 - weight) }));
    this.#become([...next, { weight, mean: right + 1.5 * parts.at(-1).std, std: parts.at(-1).std }], false);
    this.#curve();
  }

  #rows() {
    if (this.rows.contains(document.activeElement) && document.activeElement.matches("input")) {
      const inputs = [...this.rows.querySelectorAll("input")];
      const values = this.parts.flatMap((p) => (this.truth.family === "mixture" ? [p.mean, p.std, p.weight] : [p.mean, p.std]));
      if (inputs.length === values.length) {
        inputs.forEach((input, i) => (input.value = String(values[i])));
        return;
      }
    }
    const many = this.truth.family === "mixture";
    const head = el("div", { class: "part-row part-head", "aria-hidden": "true" }, el("span", {}), ...["mean", "width", ...(many ? ["weight"] : [])].map((text) => el("span", { text })), el("span", {}));
    const rows = this.parts.map((part, k) => {
      const cell = (name, what, field) => {
        const input = el("input", { type: "number", step: "any", "aria-label": `${what} of component ${k + 1}`, "data-field": field });
        input.value = String(part[name]);
        input.addEventListener("change", () => {
          const value = input.valueAsNumber;
          if (!Number.isFinite(value) || (name !== "mean" && !(value > 0))) input.value = String(part[name]);
          else if (name === "weight") this.#weigh(k, Math.min(value, 0.9999), part, false);
          else this.#edit(k, { ...this.parts[k], [name]: value }, false);
        });
        return input;
      };
      const plural = (name) => (many ? `truth.${name}s` : `truth.${name}`);
      return el(
        "div",
        { class: "part-row" },
        el("span", { class: `swatch c${k % 6}`, "aria-hidden": "true" }),
        cell("mean", "mean", plural("mean")),
        cell("std", "width", plural("std")),
        many ? cell("weight", "weight", plural("weight")) : null,
        many && this.parts.length > 1
          ? el("button", { type: "button", class: "quiet icon", "aria-label": `Remove component ${k + 1}`, text: "×", onclick: () => this.#remove(k) })
          : el("span", {}),
      );
    });
    const add = many && this.parts.length < MOST ? el("button", { type: "button", class: "quiet", text: "Add a component", onclick: () => this.#add() }) : null;
    put(this.rows, head, ...rows, add);
  }

  // -- Categories ------------------------------------------------------------------------------------------

  #categories() {
    const { truth } = this;
    if (truth.zipf) {
      const zipf = { shift: 0, ...truth.zipf };
      const edit = (name) => (value) => this.#tell({ family: "categorical", zipf: { ...zipf, ...this.truth.zipf, [name]: value } }, false);
      put(
        this.body,
        number("Categories", zipf.categories, edit("categories"), { min: 2, step: 1, path: "truth.zipf.categories" }),
        number("Exponent", zipf.exponent, edit("exponent"), { step: "any", path: "truth.zipf.exponent" }),
        number("Shift", zipf.shift, edit("shift"), { step: "any", path: "truth.zipf.shift" }),
      );
      return;
    }
    const list = el("input", { type: "text", "data-field": "truth.probabilities", inputmode: "decimal" });
    list.value = Array.isArray(truth.probabilities) ? truth.probabilities.map(String).join(", ") : "";
    list.addEventListener("change", () => {
      const values = list.value.split(/[\s,;]+/).filter(Boolean).map(Number);
      if (values.length && values.every(Number.isFinite)) this.#tell({ family: "categorical", probabilities: values }, false);
    });
    const id = (list.id = fresh("probabilities"));
    put(this.body, el("div", { class: "row wide" }, el("label", { for: id, text: "Probabilities" }), list));
  }

  // -- A file ----------------------------------------------------------------------------------------------

  #file() {
    const taken = (answer) => {
      this.data = answer;
      this.#tell({ family: "data" }, false, answer.upload);
    };
    const known = this.data && this.uploaded === this.data.upload ? this.data : null;
    put(this.body, ...fileChooser(this.upload, taken, known));
  }
}

/** Are these numbers of Gaussians, so that a curve can be drawn? A link may hold anything. */
function drawable(truth) {
  if (truth.family === "gaussian") return Number.isFinite(truth.mean) && truth.std > 0 && Number.isFinite(truth.std);
  const lists = [truth.weights, truth.means, truth.stds];
  if (!lists.every((list) => Array.isArray(list) && list.length === truth.means.length && list.every(Number.isFinite))) return false;
  return truth.means.length > 0 && truth.stds.every((std) => std > 0) && truth.weights.every((weight) => weight >= 0);
}
