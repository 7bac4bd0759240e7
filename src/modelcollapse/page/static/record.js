// What has arrived of one run. Numbers of every replicate lie in typed arrays that grow, one a replicate.

const NONE = Number.NaN;

class Column {
  constructor() {
    this.values = new Float64Array(512);
    this.length = 0;
  }

  push(value) {
    if (this.length === this.values.length) {
      const longer = new Float64Array(2 * this.length);
      longer.set(this.values);
      this.values = longer;
    }
    this.values[this.length++] = value ?? NONE;
  }

  at(i) {
    return i < this.length ? this.values[i] : NONE;
  }

  /** The value at a place or, where there is none, at the nearest one before: slow metrics have gaps. */
  near(i) {
    for (let k = Math.min(i, this.length - 1); k >= 0 && k > i - 200; k--) {
      if (!Number.isNaN(this.values[k])) return this.values[k];
    }
    return NONE;
  }
}

/** Quantiles of sorted numbers, between neighbours; NaN where there are none. */
export function quantile(sorted, share) {
  if (!sorted.length) return NONE;
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (place - low) * (sorted[high] - sorted[low]);
}

export class Run {
  constructor(start) {
    this.id = start.id;
    this.recipe = start.recipe;
    this.engine = start.engine;
    this.notes = start.notes ?? [];
    this.x = start.x ?? [];
    this.truth = start.truth ?? [];
    this.edges = start.edges ?? null;
    this.laws = start.laws ?? [];
    this.meta = start.metrics ?? {};
    this.replicates = start.replicates;
    this.generations = start.generations;
    /** Places after the first that will arrive: the server thins long and large runs. */
    this.expected = (start.sent ?? start.generations + 1) - 1;
    this.components = start.components ?? 0;
    this.kind = start.items ?? start.kind ?? "";
    this.shown = start.shown ?? 0;
    this.t = new Column();
    this.metrics = Object.create(null);
    this.bands = Object.create(null);
    for (const name of Object.keys(this.meta)) {
      this.metrics[name] = Array.from({ length: this.replicates }, () => new Column());
      this.bands[name] = { low: new Column(), middle: new Column(), high: new Column(), mean: new Column() };
    }
    this.density = [];
    this.histogram = [];
    this.parts = { weights: [], means: [], stds: [] };
    this.counts = [];
    this.status = [];
    this.ended = null;
    this.brokenOff = false;
  }

  /** Will nothing more arrive? */
  get over() {
    return this.ended !== null || this.brokenOff;
  }

  /** How many generations have arrived. */
  get length() {
    return this.t.length;
  }

  /** Are items categories, or other whole numbers? */
  get discrete() {
    return "heterozygosity" in this.meta || !this.edges;
  }

  /** Take in a line of frames. */
  add(frames) {
    frames.t.forEach((t, i) => {
      this.t.push(t);
      for (const [name, columns] of Object.entries(this.metrics)) {
        const row = frames.metrics?.[name]?.[i] ?? [];
        columns.forEach((column, k) => column.push(row[k]));
        this.#band(name, row);
      }
      this.density.push(frames.density?.[i] ?? null);
      this.histogram.push(frames.histogram?.[i] ?? null);
      for (const name of ["weights", "means", "stds"]) this.parts[name].push(frames[name]?.[i] ?? null);
      this.counts.push(frames.counts?.[i] ?? null);
      this.status.push(frames.status?.[i] ?? null);
    });
  }

  #band(name, row) {
    const sorted = Float64Array.from(row.filter((value) => value !== null)).sort();
    const band = this.bands[name];
    band.low.push(quantile(sorted, 0.1));
    band.middle.push(quantile(sorted, 0.5));
    band.high.push(quantile(sorted, 0.9));
    band.mean.push(sorted.reduce((sum, value) => sum + value, 0) / sorted.length);
  }

  /** The values of a metric over replicates, at a place. */
  row(name, i) {
    return this.metrics[name]?.map((column) => column.at(i)) ?? [];
  }

  /** The place of the last generation that is at most `t`. */
  place(t) {
    let low = 0;
    let high = this.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.t.values[middle] <= t) low = middle;
      else high = middle - 1;
    }
    return Math.max(low, 0);
  }

  /** The model's density of a replicate: as the server sent it, or from its parameters. */
  densityOf(replicate, i) {
    if (replicate === this.shown && this.density[i]) return this.density[i];
    const means = this.parts.means[i]?.[replicate];
    const stds = this.parts.stds[i]?.[replicate];
    if (!means || !stds) return replicate === this.shown ? this.density[i] : null;
    return mixture(this.x, this.parts.weights[i]?.[replicate] ?? means.map(() => 1 / means.length), means, stds);
  }

  /** Can densities of other replicates than the shown one be drawn? */
  get open() {
    return this.parts.means.some((row) => row !== null) || this.replicates === 1;
  }
}

/** The density of a mixture of Gaussians on a grid. */
export function mixture(x, weights, means, stds) {
  const density = new Float64Array(x.length);
  weights.forEach((weight, k) => {
    const mean = means[k];
    const std = stds[k];
    if (!(weight > 0) || !(std > 0) || mean === null) return;
    const top = weight / (std * Math.sqrt(2 * Math.PI));
    for (let i = 0; i < x.length; i++) {
      const z = (x[i] - mean) / std;
      if (z > -8 && z < 8) density[i] += top * Math.exp(-0.5 * z * z);
    }
  });
  return density;
}
