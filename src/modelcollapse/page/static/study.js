// A finished study as a map: hover to read a cell, click to run it in the laboratory.

import { get } from "./api.js";
import { byId, el, fresh, put, svg } from "./dom.js";
import { short, whole } from "./format.js";
import { colour, grid, pointText, sizeOf, triangle } from "./shapes.js";
import { change, cleaned, state } from "./state.js";
import { Table } from "./tables.js";

const MOST_DRAWN = 6000;

const valueText = (value) => (value === null ? "not known" : value === Infinity ? "never within the study" : short(value));

export class Studies {
  constructor(about, failed) {
    this.studies = about.studies ?? [];
    this.failed = failed;
    this.node = byId("view-studies");
    this.id = null;
  }

  /** Show the study of the state, or the first. */
  async show() {
    if (!this.studies.length) {
      put(
        this.node,
        el("h2", { text: "Studies" }),
        el("p", { class: "story-text", text: "A study is a grid of recipes, computed once and looked at as a map. Give finished ones to the page when you start it:" }),
        el("pre", { tabindex: "0", text: "modelcollapse sweep examples/ternary.toml --out ternary.zarr\nmodelcollapse serve ternary.zarr" }),
      );
      return;
    }
    const id = this.studies.some((study) => study.id === state.study) ? state.study : this.studies[0].id;
    if (this.id === id && this.study) return;
    this.id = id;
    put(this.node, el("h2", { text: "Studies" }), el("p", { class: "running", role: "status", text: "Reading the study …" }));
    try {
      const study = await get(`/api/studies/${encodeURIComponent(id)}`);
      if (this.id !== id) return;
      this.study = study;
      this.what = "final";
      this.at = study.axes.map(() => 0);
      const spanning = this.#spanning();
      this.across = spanning[0] ?? 0;
      this.up = spanning[1] ?? null;
      this.#layout();
    } catch (error) {
      this.id = null;
      put(this.node, el("h2", { text: "Studies" }));
      this.failed(error, () => this.show());
    }
  }

  #ternary(axis) {
    return axis.coordinates && ["real", "synthetic", "kept"].every((name) => Array.isArray(axis.coordinates[name]));
  }

  #spanning() {
    const { axes } = this.study;
    const ternary = axes.findIndex((axis) => this.#ternary(axis));
    if (ternary >= 0) return [ternary];
    const order = axes.map((_, i) => i).filter((i) => sizeOf(axes[i]) > 1);
    return order.slice(0, 2);
  }

  #layout() {
    const { study } = this;
    const picker = (label, choices, value, changed) => {
      const id = fresh("pick");
      const input = el("select", { id }, ...choices.map(([key, text]) => el("option", { value: key, text })));
      input.value = String(value);
      input.addEventListener("change", () => changed(input.value));
      return el("label", { class: "inline", for: id }, `${label} `, input);
    };
    const pickers = [];
    if (this.studies.length > 1) {
      pickers.push(picker("Study", this.studies.map((one) => [one.id, one.title]), this.id, (id) => {
        change({ study: id }, "study");
        this.show();
      }));
    }
    const kinds = ["final", "speed"].filter((name) => study[name]);
    if (kinds.length > 1) {
      pickers.push(picker("Colour", kinds.map((name) => [name, study[name].label]), this.what, (what) => {
        this.what = what;
        this.#map();
      }));
    }
    study.axes.forEach((axis, i) => {
      if (i === this.across || i === this.up) return;
      const points = Array.from({ length: sizeOf(axis) }, (_, k) => [String(k), pointText(axis, k)]);
      if (points.length > 1) pickers.push(picker(axis.name, points, this.at[i], (k) => {
        this.at[i] = Number(k);
        this.#map();
      }));
    });
    this.host = el("div", { class: "map-host" });
    this.key = el("div", { class: "map-key" });
    this.reading = el("p", { class: "map-reading", "aria-live": "polite", text: "Hover over the map, or move through it with the arrow keys; click or press Enter to look into a cell." });
    this.cell = el("div", { class: "map-cell" });
    this.table = new Table("Numbers of this map", () => this.#numbers());
    put(
      this.node,
      el("h2", { text: study.title || "Study" }),
      el("p", { class: "hint", text: `${whole(study.done)} of ${whole(study.cells)} cells are computed.` }),
      el("div", { class: "pickers" }, ...pickers),
      el("div", { class: "map-columns" }, el("div", {}, this.host, this.key, this.table.node), el("div", { class: "map-side" }, this.reading, this.cell)),
    );
    this.#map();
  }

  /** A cell's number: infinite where most replicates never get there, null where nothing is known. */
  #value(index, what = this.what) {
    const at = (values) => index.reduce((part, i) => part?.[i], values);
    const { values, never } = this.study[what];
    const value = at(values);
    if (typeof value === "number") return value;
    return at(never) === true ? Infinity : null;
  }

  #cells() {
    const { axes } = this.study;
    const cells = [];
    const across = sizeOf(axes[this.across]);
    const up = this.up === null ? 1 : sizeOf(axes[this.up]);
    for (let j = 0; j < up; j++) {
      for (let i = 0; i < across && cells.length < MOST_DRAWN; i++) {
        const index = [...this.at];
        index[this.across] = i;
        if (this.up !== null) index[this.up] = j;
        cells.push({ i, j, index, value: this.#value(index) });
      }
    }
    return cells;
  }

  #map() {
    const { axes } = this.study;
    this.cells = this.#cells();
    const values = this.cells.map((cell) => cell.value).filter(Number.isFinite);
    const low = Math.min(...values);
    const high = Math.max(...values);
    this.log = values.length > 0 && low > 0 && high / low > 200;
    const scale = (value) => (this.log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low || 1));
    const ternary = this.#ternary(axes[this.across]);
    const up = this.up === null ? null : axes[this.up];
    const shapes = ternary ? triangle(axes[this.across], this.cells) : grid(axes[this.across], up, this.cells);
    shapes.cells.forEach((shape, k) => {
      const cell = this.cells[k];
      if (Number.isFinite(cell.value)) shape.setAttribute("fill", colour(scale(cell.value)));
      shape.setAttribute("class", cell.value === null ? "cell missing" : cell.value === Infinity ? "cell never" : "cell");
      shape.addEventListener("pointerenter", () => this.#point(k));
      shape.addEventListener("click", () => this.#open(k));
    });
    this.ring = svg(shapes.cells[0]?.tagName ?? "rect", { class: "ring" });
    this.node_ = svg(
      "svg",
      { viewBox: shapes.box, class: "map", tabindex: "0", role: "application", "aria-roledescription": "map", "aria-label": `${this.study[this.what].label}. Arrow keys move from cell to cell, Enter opens one.` },
      ...shapes.cells,
      ...shapes.marks,
      this.ring,
    );
    this.shapes = shapes.cells;
    this.node_.addEventListener("keydown", (event) => this.#key(event));
    this.node_.addEventListener("focus", () => this.#point(this.pointed ?? 0));
    put(this.host, this.node_);
    const steps = Array.from({ length: 24 }, (_, k) => svg("rect", { x: k * 10, width: 10.5, height: 12, y: 0, fill: colour(k / 23) }));
    put(
      this.key,
      el("span", { text: values.length ? short(low) : "–" }),
      svg("svg", { viewBox: "0 0 240 12", class: "map-scale", "aria-hidden": "true", preserveAspectRatio: "none" }, ...steps),
      el("span", { text: values.length ? short(high) : "–" }),
      el("span", { class: "map-label", text: `${this.study[this.what].label}${this.log ? " (log scale)" : ""}` }),
      this.cells.some((cell) => cell.value === Infinity) ? el("span", { class: "map-label", text: "Grey: never within the study" }) : null,
    );
    this.pointed = null;
    this.table.refresh();
  }

  #words(cell) {
    const place = this.study.axes.map((axis, k) => pointText(axis, cell.index[k])).join(", ");
    const values = ["final", "speed"].filter((name) => this.study[name]).map((name) => {
      return `${this.study[name].label}: ${valueText(this.#value(cell.index, name))}`;
    });
    return `${place}. ${values.join("; ")}.`;
  }

  #point(k) {
    this.pointed = k;
    const shape = this.shapes[k];
    for (const name of ["points", "x", "y", "width", "height"]) {
      if (shape.hasAttribute(name)) this.ring.setAttribute(name, shape.getAttribute(name));
    }
    this.reading.textContent = this.#words(this.cells[k]);
  }

  #key(event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.key === "Enter" || event.key === " ") this.#open(this.pointed ?? 0);
    else if (step) this.#point(this.#beside(this.pointed ?? 0, step));
    else return;
    event.preventDefault();
  }

  /** The nearest cell in a direction on the map. */
  #beside(k, [dx, dy]) {
    const middle = (shape) => {
      const box = shape.getBBox();
      return [box.x + box.width / 2, box.y + box.height / 2];
    };
    const [x, y] = middle(this.shapes[k]);
    let best = k;
    let least = Infinity;
    this.shapes.forEach((shape, other) => {
      const [ox, oy] = middle(shape);
      const along = (ox - x) * dx + (oy - y) * dy;
      const off = Math.abs((ox - x) * dy) + Math.abs((oy - y) * dx);
      if (along < 1 || off > 1.2 * along) return;
      const far = along + 2 * off;
      if (far < least) [least, best] = [far, other];
    });
    return best;
  }

  async #open(k) {
    this.#point(k);
    const cell = this.cells[k];
    put(this.cell, el("p", { class: "running", text: "Looking into the cell …" }));
    try {
      const answer = await get(`/api/studies/${encodeURIComponent(this.id)}/cell?index=${cell.index.join(",")}`);
      put(
        this.cell,
        el("h3", { text: this.study.axes.map((axis, i) => pointText(axis, cell.index[i])).join(", ") }),
        el("pre", { tabindex: "0", "aria-label": "Summary of the cell", text: answer.summary ?? "" }),
        el("button", {
          type: "button",
          class: "primary",
          text: "Run it in the laboratory",
          onclick: () => change({ view: "lab", recipe: cleaned(answer.recipe), story: "", at: null, replicate: null, upload: "" }, "link"),
        }),
      );
    } catch (error) {
      put(this.cell);
      this.failed(error, () => this.#open(k));
    }
  }

  #numbers() {
    return {
      caption: this.study[this.what].label,
      head: ["cell", "value"],
      rows: this.cells.slice(0, 500).map((cell) => [
        this.study.axes.map((axis, i) => pointText(axis, cell.index[i])).join(", "),
        valueText(cell.value),
      ]),
    };
  }
}
