// A metric of every replicate over the generations: thin lines, the median, a band, and the laws.

import { Chart, trace } from "./chart.js";
import { colours } from "./colours.js";
import { el, lookup, still, throttle, write } from "./dom.js";
import { brief, short, whole } from "./format.js";
import { Table, fewPlaces } from "./tables.js";

const MOST_LINES = 120;
const ON_LOG = ["wasserstein2"];
const TITLES = lookup({
  total_variance: "Variance",
  component_variance: "Variance of the components",
  tail_mass: "Mass in the tails",
  wasserstein2: "Distance to the truth",
  total_variation: "Distance to the truth",
  heterozygosity: "Heterozygosity",
  categories_alive: "Categories alive",
});
const LAWS = lookup({
  mean: "law of the mean",
  "mean of log": "law of the typical path",
  median: "law of the median",
  share: "law",
});

export class Lines {
  /** @param lab {pick(t), chosen() -> replicate} */
  constructor(name, lab, { wide = false } = {}) {
    this.name = name;
    this.lab = lab;
    this.wide = wide;
    this.run = null;
    this.title = el("h2", { text: name });
    this.reading = el("p", { class: "reading" });
    this.legend = el("ul", { class: "legend" });
    this.host = el("div", { class: "chart" });
    this.table = new Table("Numbers", () => this.#numbers());
    this.node = el(
      "figure",
      { class: wide ? "panel wide" : "panel" },
      el("figcaption", {}, this.title, wide ? this.#toggle() : null, wide ? this.legend : null),
      this.reading,
      this.host,
      this.table.node,
    );
    this.update = throttle(() => this.#update(), still() ? 500 : 120);
  }

  /** A box that puts the values on a log scale; it belongs to the state. */
  #toggle() {
    this.box = el("input", { type: "checkbox", onchange: () => this.lab.onLog(this.box.checked) });
    return el("label", { class: "check" }, this.box, "log scale");
  }

  /** Is the value axis on a log scale? */
  #log() {
    return ON_LOG.includes(this.name) || (this.wide && this.lab.log());
  }

  /** Show another run. The chart is made when the panel is in the page, so that its width is known. */
  show(run) {
    this.run = run;
    const meta = run.meta[this.name];
    const label = String(meta.label ?? this.name);
    this.label = label;
    this.title.textContent = TITLES[this.name] ?? label.slice(0, 1).toUpperCase() + label.slice(1);
    this.title.title = label;
    this.laws = run.laws.filter((law) => law.metric === this.name).map(drawn);
    const entries = [
      el("li", { class: "key-lines", text: "replicates" }),
      el("li", { class: "key-median", text: "median" }),
    ];
    if (run.replicates < 2) entries.splice(0, 2, el("li", { class: "key-median", text: "the model" }));
    if (run.replicates >= 5) entries.push(el("li", { class: "key-band", text: "80 %", title: "80 % of the replicates are in this band" }));
    for (const law of this.laws) {
      const text = LAWS[law.statistic] ?? "law";
      entries.push(el("li", { class: law.typical ? "key-typical" : "key-law", text, title: `${law.label}: ${law.source ?? ""}` }));
    }
    this.ofMean = run.replicates >= 5 && this.laws.some((law) => law.statistic === "mean");
    if (this.ofMean) entries.splice(2, 0, el("li", { class: "key-mean", text: "mean" }));
    if (Number.isFinite(meta.truth)) entries.push(el("li", { class: "key-truth", text: "truth" }));
    this.legend.replaceChildren(...entries);
    this.host.setAttribute("role", "img");
    this.chart ??= new Chart(this.host, {
      height: this.wide ? 236 : 180,
      x: { label: "generation" },
      y: { label: "", log: this.#log() },
      paint: (ctx, to) => this.#paint(ctx, to),
      pick: (x) => this.lab.pick(x),
      hover: (x) => this.#read(x),
    });
    this.#update();
  }

  #update() {
    const { run } = this;
    if (!run || !this.chart) return;
    if (this.box) this.box.checked = this.lab.log();
    this.chart.log({ y: this.#log() });
    this.chart.span({ x: [0, Math.max(run.generations, 1)], y: this.#span() });
    if (run.ended) this.#describe();
    this.table.refresh();
  }

  /** From the least to the greatest of what is drawn. */
  #span() {
    const { run } = this;
    const log = this.chart.logs.y;
    let low = Infinity;
    let high = -Infinity;
    const see = (value) => {
      if (!Number.isFinite(value) || (log && !(value > 0))) return;
      if (value < low) low = value;
      if (value > high) high = value;
    };
    const from = log ? 1 : 0;
    for (const column of run.metrics[this.name].slice(0, MOST_LINES)) {
      for (let i = from; i < column.length; i++) see(column.values[i]);
    }
    for (const law of this.laws) for (const [, value] of law.values) see(value);
    see(run.meta[this.name].truth);
    if (low > high) return log ? [1e-3, 1] : [0, 1];
    if (log) {
      // Single dips to almost 0 may not press all else together.
      const { low: tenth } = run.bands[this.name];
      let least = Infinity;
      for (let i = from; i < tenth.length; i++) if (tenth.values[i] > 0 && tenth.values[i] < least) least = tenth.values[i];
      if (run.replicates >= 5 && least < Infinity) low = Math.max(low, least / 4);
      return [Math.max(low, high * 1e-12) / 1.5, high * 1.5];
    }
    if (run.replicates >= 20) {
      // A few paths far above all others run out of the picture.
      const band = run.bands[this.name];
      let most = run.meta[this.name].truth ?? 0;
      for (let i = 0; i < band.high.length; i++) most = Math.max(most, band.high.values[i] || 0, band.mean.values[i] || 0);
      if (most > 0) high = Math.min(high, 2.5 * most);
    }
    const room = high > low ? 0.06 * (high - low) : Math.abs(high) * 0.1 || 0.5;
    // 0 belongs to a scale of variances, unless all lies far above it.
    return low >= 0 && low < 0.6 * high ? [0, high + room] : [low >= 0 ? Math.max(low - room, 0) : low - room, high + room];
  }

  #paint(ctx, to) {
    const { run } = this;
    if (!run?.length) return;
    const xs = run.t.values;
    const n = run.length;
    const band = run.bands[this.name];
    const line = (ys, colour, width, dash = []) => {
      ctx.beginPath();
      trace(ctx, xs, ys, n, to);
      stroke(ctx, to, colour, width, dash);
    };
    if (run.replicates >= 5) {
      ctx.beginPath();
      fillBetween(ctx, xs, band.low.values, band.high.values, n, to);
      ctx.fillStyle = colours["model-band"];
      ctx.fill();
    }
    if (Number.isFinite(run.meta[this.name].truth)) {
      ctx.beginPath();
      ctx.moveTo(to.box.left, to.y(run.meta[this.name].truth));
      ctx.lineTo(to.box.left + to.box.width, to.y(run.meta[this.name].truth));
      stroke(ctx, to, colours.truth, 1, [2, 3]);
    }
    ctx.beginPath();
    const shown = this.lab.chosen();
    run.metrics[this.name].slice(0, MOST_LINES).forEach((column, k) => {
      if (k !== shown) trace(ctx, xs, column.values, n, to);
    });
    ctx.globalAlpha = Math.min(Math.max(24 / run.replicates, 0.2), 1);
    stroke(ctx, to, colours["model-thin"], run.replicates > 20 ? 0.7 : 0.9);
    ctx.globalAlpha = 1;
    if (shown < run.replicates) line(run.metrics[this.name][shown].values, colours.model, 1.1);
    if (run.replicates > 1) line(band.middle.values, colours.model, 2.4);
    if (this.ofMean) line(band.mean.values, colours.model, 2, [1.5, 3]);
    for (const law of this.laws) {
      const points = law.values.filter(([, value]) => value !== null);
      ctx.beginPath();
      trace(ctx, points.map(([t]) => t), points.map(([, value]) => value), points.length, to);
      stroke(ctx, to, colours.law, 1.9, law.typical ? [2, 3] : [7, 4]);
    }
  }

  /** The numbers under the pointer. */
  #read(x) {
    this.hovered = x;
    if (!this.run?.length) {
      this.reading.textContent = "";
      return;
    }
    const i = this.run.place(Math.round(x ?? this.marked ?? 0));
    const band = this.run.bands[this.name];
    const range =
      this.run.replicates >= 5 && x !== null ? `, 80 % from ${brief(band.low.near(i))} to ${brief(band.high.near(i))}` : "";
    const law = this.#law(this.run.t.at(i));
    write(
      this.reading,
      `${x === null ? "" : `t = ${whole(this.run.t.at(i))}: `}median ${brief(band.middle.near(i))}` +
        (this.ofMean ? `, mean ${brief(band.mean.near(i))}` : "") +
        (law === null ? "" : `, law ${brief(law)}`) + range,
    );
  }

  #law(t) {
    const values = this.laws[0]?.values;
    if (!values?.length) return null;
    let best = values[0];
    for (const point of values) if (Math.abs(point[0] - t) < Math.abs(best[0] - t)) best = point;
    return Math.abs(best[0] - t) <= 0.02 * Math.max(t, 1) ? best[1] : null;
  }

  #describe() {
    const band = this.run.bands[this.name];
    const last = this.run.length - 1;
    this.host.setAttribute(
      "aria-label",
      `${this.title.textContent} (${this.label}) over ${whole(this.run.generations)} generations: the median goes from ` +
        `${short(band.middle.near(0))} to ${short(band.middle.near(last))}. The numbers follow as a table.`,
    );
  }

  #numbers() {
    const { run } = this;
    if (!run?.length) return null;
    const band = run.bands[this.name];
    const laws = this.laws.slice(0, 1);
    return {
      caption: `${this.label}, over ${run.replicates} replicates`,
      head: ["generation", "10 %", "median", "90 %", "mean", ...laws.map((law) => `law: ${law.label}`)],
      rows: fewPlaces(run.length).map((i) => [
        whole(run.t.at(i)),
        short(band.low.near(i)),
        short(band.middle.near(i)),
        short(band.high.near(i)),
        short(band.mean.near(i)),
        ...laws.map(() => short(this.#law(run.t.at(i)))),
      ]),
    };
  }

  /** Mark the generation that is shown. */
  mark(t) {
    this.marked = t;
    this.chart?.mark(t);
    if ((this.hovered ?? null) === null) this.#read(null);
  }
}

/** A law as it is drawn: of the mean of logarithms, its exponential, which is what a typical path does. */
function drawn(law) {
  const typical = law.statistic === "mean of log" || law.statistic === "median";
  if (law.statistic !== "mean of log") return { ...law, typical };
  return { ...law, typical, values: law.values.map(([t, value]) => [t, value === null ? null : Math.exp(value)]) };
}

/** Stroke the path that has been traced. */
export function stroke(ctx, to, colour, width, dash = []) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = width * to.ratio;
  ctx.setLineDash(dash.map((part) => part * to.ratio));
  ctx.lineJoin = "round";
  ctx.stroke();
  ctx.setLineDash([]);
}

/** The area between two lines. */
export function fillBetween(ctx, xs, low, high, n, to) {
  let begun = false;
  for (let i = 0; i < n; i++) {
    if (Number.isNaN(low[i])) continue;
    if (begun) ctx.lineTo(to.x(xs[i]), to.y(low[i]));
    else ctx.moveTo(to.x(xs[i]), to.y(low[i]));
    begun = true;
  }
  for (let i = n - 1; i >= 0; i--) if (!Number.isNaN(high[i])) ctx.lineTo(to.x(xs[i]), to.y(high[i]));
  ctx.closePath();
}
