// The components of a truth of Gaussians: on a curve, and as rows of numbers.

import { Curve } from "./curve.js";
import { el, put } from "./dom.js";

const MOST = 8;

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

export class Components {
  /** @param changed called with the truth's table, and whether a drag goes on */
  constructor(host, truth, changed) {
    this.host = host;
    this.truth = truth;
    this.changed = changed;
    this.#show();
  }

  #show() {
    const drawn = el("div", {});
    this.rows = el("div", { class: "parts" });
    put(this.host, drawn, this.rows);
    this.curve = new Curve(drawn, this);
    this.#rows();
  }

  get many() {
    return this.truth.family === "mixture";
  }

  get parts() {
    const { truth } = this;
    if (truth.family === "gaussian") return [{ weight: 1, mean: truth.mean, std: truth.std }];
    return truth.weights.map((weight, k) => ({ weight, mean: truth.means[k], std: truth.stds[k] }));
  }

  #tell(truth, going) {
    this.truth = truth;
    this.changed(truth, going);
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

  edit(k, part, going) {
    const parts = this.parts.map((one, i) => (i === k ? part : one));
    this.#become(parts, going);
    if (!going) this.curve.spanAnew();
    this.curve.paint();
    this.#rows();
  }

  /** A new weight: the others keep their proportion. */
  weigh(k, weight, part, going) {
    const others = 1 - this.parts[k].weight;
    const parts = this.parts.map((one, i) =>
      i === k ? { ...part, weight } : { ...one, weight: others > 0 ? (one.weight * (1 - weight)) / others : (1 - weight) / (this.parts.length - 1) },
    );
    this.#become(parts, going);
    this.curve.paint();
    this.#rows();
  }

  remove(k) {
    this.#become(this.parts.filter((_, i) => i !== k), false);
    this.#show();
  }

  #add() {
    const { parts } = this;
    const right = Math.max(...parts.map((p) => p.mean + 2 * p.std));
    const weight = 1 / (parts.length + 1);
    const next = parts.map((p) => ({ ...p, weight: p.weight * (1 - weight) }));
    this.#become([...next, { weight, mean: right + 1.5 * parts.at(-1).std, std: parts.at(-1).std }], false);
    this.#show();
  }

  #rows() {
    if (this.rows.contains(document.activeElement) && document.activeElement.matches("input")) {
      const inputs = [...this.rows.querySelectorAll("input")];
      const values = this.parts.flatMap((p) => (this.many ? [p.mean, p.std, p.weight] : [p.mean, p.std]));
      if (inputs.length === values.length) {
        inputs.forEach((input, i) => (input.value = String(values[i])));
        return;
      }
    }
    const { many } = this;
    const head = el("div", { class: "part-row part-head", "aria-hidden": "true" }, el("span", {}), ...["mean", "width", ...(many ? ["weight"] : [])].map((text) => el("span", { text })), el("span", {}));
    const rows = this.parts.map((part, k) => {
      const cell = (name, what, field) => {
        const input = el("input", { type: "number", step: "any", "aria-label": `${what} of component ${k + 1}`, "data-field": field });
        input.value = String(part[name]);
        input.addEventListener("change", () => {
          const value = input.valueAsNumber;
          if (!Number.isFinite(value) || (name !== "mean" && !(value > 0))) input.value = String(part[name]);
          else if (name === "weight") this.weigh(k, Math.min(value, 0.9999), part, false);
          else this.edit(k, { ...this.parts[k], [name]: value }, false);
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
          ? el("button", { type: "button", class: "quiet icon", "aria-label": `Remove component ${k + 1}`, text: "×", onclick: () => this.remove(k) })
          : el("span", {}),
      );
    });
    const add = many && this.parts.length < MOST ? el("button", { type: "button", class: "quiet", text: "Add a component", onclick: () => this.#add() }) : null;
    put(this.rows, head, ...rows, add);
  }
}

/** Are these numbers of Gaussians, so that a curve can be drawn? A link may hold anything. */
export function drawable(truth) {
  if (truth.family === "gaussian") return Number.isFinite(truth.mean) && truth.std > 0 && Number.isFinite(truth.std);
  const lists = [truth.weights, truth.means, truth.stds];
  if (!lists.every((list) => Array.isArray(list) && list.length === truth.means.length && list.every(Number.isFinite))) return false;
  return truth.means.length > 0 && truth.stds.every((std) => std > 0) && truth.weights.every((weight) => weight >= 0);
}
