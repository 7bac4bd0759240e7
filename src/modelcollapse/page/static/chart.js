// One chart: uPlot's axes and scales, and a painter of our own for what stands between them.

import { colours, onColours } from "./colours.js";
import { el } from "./dom.js";
import { short } from "./format.js";

const FONT = '11px ui-sans-serif, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif';

export class Chart {
  /**
   * @param host the element it fills
   * @param options {height, x: {label, log}, y: {label, log}, paint(context, to), pick(x, y), hover(x, y)}
   *   where `to.x(value)` and `to.y(value)` are places on the canvas, and `to.box` is the area between the axes
   */
  constructor(host, options) {
    this.host = host;
    this.options = options;
    this.ranges = { x: [0, 1], y: [0, 1] };
    this.logs = { x: Boolean(options.x.log), y: Boolean(options.y.log) };
    this.#make();
    this.watch = new ResizeObserver(() => this.#fit());
    this.watch.observe(host);
    onColours(() => this.draw());
  }

  #make() {
    this.plot?.destroy();
    const { options } = this;
    const scale = (name) => ({
      time: false,
      auto: false,
      distr: this.logs[name] ? 3 : 1,
      range: () => this.ranges[name],
    });
    const axis = (name, more) => ({
      scale: name,
      font: FONT,
      labelFont: FONT,
      stroke: () => colours.muted,
      grid: { stroke: () => colours.rule, width: 1 },
      ticks: { stroke: () => colours.rule, width: 1, size: 4 },
      label: options[name].label || undefined,
      labelSize: options[name].label ? 18 : 0,
      // Ticks of our own: uPlot's end at 1e-32, and on a log scale it would look for them for ever.
      incrs: (_, __, low, high) => [Math.max(10 * (high - low), 5)],
      splits: (plot, _, low, high) => this.#ticks(name, low, high, plot),
      filter: (_, splits) => splits,
      values: (_, splits) => splits.map((value) => this.#tick(name, value)),
      ...more,
    });
    this.plot = new uPlot(
      {
        width: Math.max(this.host.clientWidth, 200),
        height: this.#height(),
        padding: [8, 14, 0, 0],
        legend: { show: false },
        cursor: { drag: { x: false, y: false, setScale: false }, points: { show: false }, y: false },
        scales: { x: scale("x"), y: scale("y") },
        axes: [axis("x", { size: 26, space: 56, gap: 4 }), axis("y", { size: 46, space: 34, gap: 4 })],
        series: [{}, { scale: "y", paths: () => null, points: { show: false } }],
        hooks: {
          draw: [(plot) => this.#paint(plot)],
          setCursor: [(plot) => this.#hovered(plot)],
        },
      },
      [[0, 1], [0, 1]],
      this.host,
    );
    this.plot.root.setAttribute("aria-hidden", "true");
    const over = this.plot.over;
    this.veil = el("div", { class: "veil", hidden: true });
    over.append(this.veil);
    if (options.pick) {
      over.classList.add("pickable");
      over.addEventListener("click", (event) => {
        const box = over.getBoundingClientRect();
        options.pick(
          this.plot.posToVal(event.clientX - box.left, "x"),
          this.plot.posToVal(event.clientY - box.top, "y"),
        );
      });
    }
    if (options.hover) over.addEventListener("pointerleave", () => options.hover(null, null));
  }

  /** Where the ticks are: at round steps, or at powers of ten on a log scale that spans several. */
  #ticks(name, low, high, plot) {
    const length = (name === "x" ? plot.bbox.width : plot.bbox.height) / devicePixelRatio || 200;
    const most = Math.max(Math.floor(length / (name === "x" ? 50 : 34)), 2);
    const [from, to] = this.logs[name] ? [Math.log10(low), Math.log10(high)] : [low, high];
    if (!(to > from) || !Number.isFinite(to - from)) return [low];
    if (this.logs[name] && to - from < 1.2) return steps(low, high, niceStep((high - low) / most));
    const step = this.logs[name] ? Math.max(Math.ceil((to - from) / most), 1) : niceStep((to - from) / most);
    const found = steps(from, to, step);
    return this.logs[name] ? found.map((exponent) => 10 ** exponent) : found;
  }

  #tick(name, value) {
    if (value === null || value === undefined) return "";
    return this.options[name].value?.(value) ?? short(value, 4);
  }

  #height() {
    const { height } = this.options;
    return typeof height === "function" ? height() : height;
  }

  #fit() {
    const width = this.host.clientWidth;
    if (width > 0 && width !== this.plot.width) {
      this.plot.setSize({ width, height: this.#height() });
      this.#again();
    }
  }

  /** Put the veil where it was, on another plot. */
  #again() {
    this.marked = undefined;
    if (this.at !== undefined) this.mark(this.at);
  }

  #paint(plot) {
    const { ctx } = plot;
    const { left, top, width, height } = plot.bbox;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, width, height);
    ctx.clip();
    const ratio = plot.ctx.canvas.width / plot.width;
    this.options.paint(ctx, {
      x: placer(this.ranges.x, this.logs.x, left, width),
      y: placer(this.ranges.y, this.logs.y, top + height, -height),
      box: plot.bbox,
      ratio,
    });
    ctx.restore();
  }

  #hovered(plot) {
    if (!this.options.hover) return;
    const { left, top } = plot.cursor;
    if (left < 0 || left === null) this.options.hover(null, null);
    else this.options.hover(plot.posToVal(left, "x"), plot.posToVal(top, "y"), left);
  }

  /** Axes on a log scale, or not: `{x: true}`. */
  log(logs) {
    const next = { ...this.logs, ...logs };
    if (next.x === this.logs.x && next.y === this.logs.y) return;
    this.logs = next;
    for (const name of ["x", "y"]) this.ranges[name] = this.#allowed(name, this.ranges[name]);
    this.#make();
    this.#again();
  }

  #allowed(name, [low, high]) {
    if (this.logs[name]) {
      const top = high > 0 ? high : 1;
      return [low > 0 ? low : top / 1e4, top];
    }
    return high > low ? [low, high] : [low, low + 1];
  }

  /** What the axes span: `{x: [0, 100], y: [0, 1]}`; then draw. */
  span(ranges) {
    for (const name of Object.keys(ranges)) this.ranges[name] = this.#allowed(name, ranges[name]);
    this.draw();
  }

  /** Draw again. */
  draw() {
    this.plot.batch(() => {
      for (const name of ["x", "y"]) {
        const [min, max] = this.ranges[name];
        const scale = this.plot.scales[name];
        if (scale.min !== min || scale.max !== max) this.plot.setScale(name, { min, max });
      }
      this.plot.redraw(false, false);
    });
  }

  /** Another label of the value axis. */
  label(name, text) {
    if (this.options[name].label === text) return;
    this.options[name].label = text;
    this.#make();
    this.#again();
  }

  /** Veil what lies beyond x: what has not been yet. Only an element moves, nothing is drawn. */
  mark(x) {
    this.at = x;
    const place = Math.round(this.plot.valToPos(Math.max(x, this.ranges.x[0]), "x"));
    if (place === this.marked) return;
    this.marked = place;
    this.veil.hidden = false;
    this.veil.style.transform = `translateX(${place}px)`;
  }

  /** The value axis's place of a value, in pixels of the page, within the area between the axes. */
  place(name, value) {
    return this.plot.valToPos(value, name);
  }
}

/** A step of 1, 2 or 5 times a power of ten, at least as large as this. */
export function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough * (1 - 1e-9)) ?? rough;
}

/** The multiples of a step between two numbers, 0 exactly where it is one. */
export function steps(low, high, step) {
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.min(Math.floor(high / step + 1e-9), first + 200);
  const found = [];
  for (let k = first; k <= last; k++) found.push(Number((k * step).toPrecision(12)) + 0);
  return found;
}

function placer([low, high], log, start, length) {
  if (!log) {
    const scale = length / (high - low);
    return (value) => start + (value - low) * scale;
  }
  const from = Math.log(low);
  const scale = length / (Math.log(high) - from);
  return (value) => start + (Math.log(value > 0 ? value : 1e-300) - from) * scale;
}

/**
 * Add a line through n points to a context's path. Where there are more points than columns of pixels, each
 * column keeps its first, least, greatest and last, so that no peak is lost.
 */
export function trace(ctx, xs, ys, n, to, every = to.ratio) {
  let pen = false;
  let column = null;
  let first, last, least, greatest;
  const flush = () => {
    if (column === null) return;
    const x = column * every;
    for (const y of least === greatest ? [first] : [first, least, greatest, last]) {
      if (pen) ctx.lineTo(x, y);
      else ctx.moveTo(x, y);
      pen = true;
    }
    column = null;
  };
  const dense = n > 1.5 * (to.box.width / every);
  for (let i = 0; i < n; i++) {
    const value = ys[i];
    // What was not computed is left out, and the line goes on: slow metrics are known at some places only.
    if (Number.isNaN(value) || value === null) continue;
    const x = to.x(xs[i]);
    const y = Math.min(Math.max(to.y(value), -1e5), 1e5);
    if (!dense) {
      if (pen) ctx.lineTo(x, y);
      else ctx.moveTo(x, y);
      pen = true;
      continue;
    }
    const here = Math.round(x / every);
    if (here !== column) {
      flush();
      column = here;
      first = least = greatest = y;
    }
    last = y;
    if (y < least) least = y;
    if (y > greatest) greatest = y;
  }
  flush();
}
