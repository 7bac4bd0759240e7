// Truth and model at one generation, with the histogram of the training set; of categories, bars.

import { Chart, trace } from "./chart.js";
import { colours } from "./colours.js";
import { byId, el, still } from "./dom.js";
import { short, whole } from "./format.js";
import { stroke } from "./lines.js";
import { Table } from "./tables.js";

const MOST_OTHERS = 14;
const HIGHEST = 3.2;

export class Density {
  /** @param lab {chosen() -> replicate, truthDrag} */
  constructor(lab) {
    this.lab = lab;
    this.run = null;
    this.place = 0;
    this.top = 1;
    this.host = byId("density");
    this.host.setAttribute("role", "img");
    this.chart = new Chart(this.host, {
      height: () => (innerWidth >= 1600 ? 400 : innerWidth < 560 ? 270 : 320),
      x: { label: "" },
      y: { label: "" },
      paint: (ctx, to) => this.#paint(ctx, to),
    });
    this.table = new Table("Numbers of this picture", () => this.#numbers());
    byId("density-table").append(this.table.node);
  }

  /** Show a run from its start on. */
  show(run) {
    this.run = run;
    this.place = 0;
    const { x, truth } = run;
    this.peak = truth.reduce((top, value) => Math.max(top, value ?? 0), 0) || 1;
    const least = truth.reduce((low, value) => (value > 0 ? Math.min(low, value) : low), this.peak);
    this.bars = run.discrete;
    const steep = this.bars && this.peak / least > 30;
    this.floor = steep ? least / 12 : 0;
    this.top = this.peak * 1.25;
    this.chart.options.x.label = this.bars ? (run.xLabel ?? "category, by its place in the truth") : (run.xLabel ?? "x");
    this.chart.log({ x: false, y: steep });
    this.chart.label("x", this.chart.options.x.label);
    const half = this.bars && x.length > 1 ? 0.6 * (x[1] - x[0]) : 0;
    this.chart.span({ x: [x[0] - half, x[x.length - 1] + half], y: [this.floor, this.top] });
    this.#keys();
  }

  #keys() {
    const { run } = this;
    byId("density-legend").replaceChildren(
      ...[
        el("li", { class: this.bars ? "key-truth-step" : "key-truth-area", text: "truth" }),
        el("li", { class: this.bars ? "key-model-bar" : "key-median", text: "model" }),
        this.bars ? el("li", { class: "key-dead", text: "lost for good" }) : null,
        !this.bars && run.edges ? el("li", { class: "key-data", text: "training set" }) : null,
        !this.bars && run.replicates > 1 ? el("li", { class: "key-lines", text: "other replicates" }) : null,
      ].filter(Boolean),
    );
  }

  /** Go to a place of the run: draws at once. Returns whether its scale still moves. */
  go(place) {
    this.place = place;
    const { run } = this;
    if (!run) return false;
    const model = this.#model();
    let peak = 0;
    if (model) for (const value of model) if (value > peak) peak = value;
    this.cut = peak > this.peak * HIGHEST;
    const goal = Math.min(Math.max(this.peak * 1.25, peak * 1.08), this.peak * HIGHEST);
    // The scale follows softly, so that the eye does.
    const step = still() || this.bars ? 1 : goal > this.top ? 0.3 : 0.06;
    this.top += (goal - this.top) * step;
    if (Math.abs(goal - this.top) < 0.002 * goal) this.top = goal;
    this.chart.span({ y: [this.floor, this.top] });
    return this.top !== goal;
  }

  #model() {
    return this.run.length ? this.run.densityOf(this.lab.chosen(), this.place) : null;
  }

  /** How many values of the model are 0 where the truth's are not. */
  lost() {
    const model = this.#model();
    if (!model) return 0;
    return this.run.truth.reduce((n, value, i) => n + (value > 0 && !(model[i] > 0) ? 1 : 0), 0);
  }

  #paint(ctx, to) {
    if (!this.run) return;
    if (this.bars) this.#paintBars(ctx, to);
    else this.#paintLine(ctx, to);
  }

  #paintLine(ctx, to) {
    const { run, place } = this;
    const { x } = run;
    const base = to.y(0);
    area(ctx, x, run.truth, to, base, colours["truth-fill"]);
    this.#histogram(ctx, to, base);
    if (run.length && run.open) {
      ctx.beginPath();
      let drawn = 0;
      const chosen = this.lab.chosen();
      for (let r = 0; r < run.replicates && drawn < MOST_OTHERS; r++) {
        if (r === chosen) continue;
        const other = run.densityOf(r, place);
        if (!other) continue;
        trace(ctx, x, other, x.length, to);
        drawn++;
      }
      stroke(ctx, to, colours["model-thin"], 0.9);
    }
    ctx.beginPath();
    trace(ctx, x, run.truth, x.length, to);
    stroke(ctx, to, colours.truth, 1.7);
    const model = this.#model();
    if (!model) return;
    ctx.beginPath();
    trace(ctx, x, model, x.length, to);
    stroke(ctx, to, colours.model, 2.8);
  }

  #histogram(ctx, to, base) {
    const { run } = this;
    const counts = run.histogram[this.place];
    if (!counts || !run.edges || this.lab.chosen() !== run.shown) return;
    const total = counts.reduce((sum, count) => sum + (count ?? 0), 0);
    if (!total) return;
    ctx.fillStyle = colours.data;
    ctx.globalAlpha = 0.5;
    const gap = to.ratio;
    for (let i = 0; i < counts.length; i++) {
      if (!counts[i]) continue;
      const from = to.x(run.edges[i]);
      const width = to.x(run.edges[i + 1]) - from;
      const y = to.y(counts[i] / total / (run.edges[i + 1] - run.edges[i]));
      ctx.fillRect(from, y, Math.max(width - (width > 3 * gap ? gap : 0), gap), base - y);
    }
    ctx.globalAlpha = 1;
  }

  #paintBars(ctx, to) {
    const { run } = this;
    const { x, truth } = run;
    const model = this.#model() ?? truth;
    const base = to.box.top + to.box.height;
    const step = x.length > 1 ? to.x(x[1]) - to.x(x[0]) : to.box.width;
    const width = Math.max(step * (step > 4 * to.ratio ? 0.72 : 1), to.ratio);
    ctx.fillStyle = colours.model;
    for (let i = 0; i < x.length; i++) {
      if (!(model[i] > 0)) continue;
      const y = to.y(model[i]);
      ctx.fillRect(to.x(x[i]) - width / 2, y, width, base - y);
    }
    ctx.beginPath();
    for (let i = 0; i < x.length; i++) {
      if (!(truth[i] > 0)) continue;
      const y = to.y(truth[i]);
      ctx.moveTo(to.x(x[i]) - step / 2, y);
      ctx.lineTo(to.x(x[i]) + step / 2, y);
    }
    stroke(ctx, to, colours.truth, 1.7);
    const arm = Math.min(Math.max(step * 0.3, 1.2 * to.ratio), 4 * to.ratio);
    ctx.beginPath();
    for (let i = 0; i < x.length; i++) {
      if (model[i] > 0 || !(truth[i] > 0)) continue;
      const [cx, cy] = [to.x(x[i]), base - 8 * to.ratio];
      ctx.moveTo(cx - arm, cy - arm);
      ctx.lineTo(cx + arm, cy + arm);
      ctx.moveTo(cx - arm, cy + arm);
      ctx.lineTo(cx + arm, cy - arm);
    }
    stroke(ctx, to, colours.law, 1.6);
  }

  /** What those hear who do not see it. */
  describe() {
    const { run } = this;
    if (!run?.length) return;
    const model = this.#model();
    let best = 0;
    if (model) model.forEach((value, i) => (best = value > model[best] ? i : best));
    const t = whole(run.t.at(this.place));
    const text = this.bars
      ? `Probabilities of ${whole(run.x.length)} values in the truth and in the model of generation ${t}; ${whole(this.lost())} have none in the model.`
      : `Density of the truth, and of the model of generation ${t}, whose highest peak is ${model ? short(model[best]) : "unknown"} at ${short(run.x[best])}; the truth's is ${short(this.peak)}.`;
    this.host.setAttribute("aria-label", text);
    this.table.refresh();
  }

  #numbers() {
    const { run } = this;
    if (!run?.length) return null;
    const model = this.#model();
    const step = Math.max(1, Math.floor(run.x.length / 24));
    const places = run.x.map((_, i) => i).filter((i) => i % step === 0);
    return {
      caption: `Generation ${whole(run.t.at(this.place))}, replicate ${this.lab.chosen() + 1}`,
      head: [this.bars ? "value" : "x", "truth", "model"],
      rows: places.map((i) => [short(run.x[i]), short(run.truth[i]), short(model?.[i] ?? Number.NaN)]),
    };
  }
}

function area(ctx, xs, ys, to, base, colour) {
  ctx.beginPath();
  ctx.moveTo(to.x(xs[0]), base);
  for (let i = 0; i < xs.length; i++) ctx.lineTo(to.x(xs[i]), to.y(ys[i] ?? 0));
  ctx.lineTo(to.x(xs[xs.length - 1]), base);
  ctx.closePath();
  ctx.fillStyle = colour;
  ctx.fill();
}
