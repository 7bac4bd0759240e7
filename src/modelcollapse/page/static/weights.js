// The weights of the components: those of the replicate that is shown strong, of the others faint.

import { Chart, trace } from "./chart.js";
import { colours } from "./colours.js";
import { el, still, throttle } from "./dom.js";
import { percent, whole } from "./format.js";
import { stroke } from "./lines.js";
import { Table, fewPlaces } from "./tables.js";

const MOST_OTHERS = 40;
const COLOURS = ["c0", "c1", "c2", "c3", "c4", "c5"];

export class Weights {
  constructor(lab) {
    this.lab = lab;
    this.run = null;
    this.legend = el("ul", { class: "legend" });
    this.host = el("div", { class: "chart", role: "img", "aria-label": "Weights of the components over the generations" });
    this.table = new Table("Numbers", () => this.#numbers());
    this.node = el(
      "figure",
      { class: "panel" },
      el("figcaption", {}, el("h2", { text: "Weights of the components" }), this.legend),
      this.host,
      this.table.node,
    );
    this.update = throttle(() => this.#update(), still() ? 500 : 150);
  }

  show(run) {
    this.run = run;
    const keys = Array.from({ length: Math.min(run.components, 6) }, (_, k) =>
      el("li", { class: `key-c${k}`, text: `component ${k + 1}` }),
    );
    this.legend.replaceChildren(...keys);
    this.chart ??= new Chart(this.host, {
      height: 236,
      x: { label: "generation" },
      y: { label: "" },
      paint: (ctx, to) => this.#paint(ctx, to),
      pick: (x) => this.lab.pick(x),
    });
    this.#update();
  }

  #update() {
    if (!this.run || !this.chart) return;
    this.chart.span({ x: [0, Math.max(this.run.generations, 1)], y: [0, 1] });
    this.table.refresh();
  }

  #paint(ctx, to) {
    const { run } = this;
    const rows = run?.parts.weights;
    if (!rows?.length) return;
    const n = run.length;
    const shown = this.lab.chosen();
    const values = (replicate, k) => rows.map((row) => row?.[replicate]?.[k] ?? Number.NaN);
    const components = Array.from({ length: run.components }, (_, k) => k);
    for (const k of components) {
      ctx.beginPath();
      for (let r = 0; r < Math.min(run.replicates, MOST_OTHERS); r++) {
        if (r !== shown) trace(ctx, run.t.values, values(r, k), n, to);
      }
      ctx.globalAlpha = run.replicates > 12 ? 0.16 : 0.28;
      stroke(ctx, to, colours[COLOURS[k % 6]], 0.8);
      ctx.globalAlpha = 1;
    }
    for (const k of components) {
      ctx.beginPath();
      trace(ctx, run.t.values, values(shown, k), n, to);
      stroke(ctx, to, colours[COLOURS[k % 6]], 2.2);
    }
  }

  #numbers() {
    const { run } = this;
    if (!run?.length) return null;
    const shown = this.lab.chosen();
    return {
      caption: `Weights of replicate ${shown + 1}`,
      head: ["generation", ...Array.from({ length: run.components }, (_, k) => `component ${k + 1}`)],
      rows: fewPlaces(run.length).map((i) => [
        whole(run.t.at(i)),
        ...Array.from({ length: run.components }, (_, k) => {
          const value = run.parts.weights[i]?.[shown]?.[k];
          return Number.isFinite(value) ? percent(value) : "–";
        }),
      ]),
    };
  }

  mark(t) {
    this.chart?.mark(t);
  }
}
