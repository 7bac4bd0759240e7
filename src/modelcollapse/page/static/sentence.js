// What is seen, in plain words.

import { count, percent, short, whole } from "./format.js";
import { quantile } from "./record.js";

const sorted = (values) => Float64Array.from(values.filter((value) => Number.isFinite(value))).sort();

/** A sentence about one generation of a run; texts alone, no markup. */
export function sentence(run, place) {
  if (!run?.length) return "";
  const t = run.t.at(place);
  if (t === 0) return beginning(run);
  const start = `After ${count(t, "generation")}`;
  if (run.meta.heterozygosity) return `${start} ${ofCategories(run, place)}.`;
  if (run.meta.total_variance) return `${start} ${ofVariance(run, place)}.`;
  const [name] = Object.keys(run.meta);
  if (!name) return `${start}.`;
  const middle = quantile(sorted(run.row(name, place)), 0.5);
  return `${start} the median ${run.meta[name].label} is ${short(middle)}.`;
}

function beginning(run) {
  const who = run.replicates === 1 ? "One replicate begins" : `${count(run.replicates, "replicate")} begin`;
  return `${who} with the same truth.`;
}

function ofVariance(run, place) {
  // Where there are components, they are what narrows: the variance of the whole wanders with the weights.
  const parts = run.components > 1 && Number.isFinite(run.meta.component_variance?.truth);
  const name = parts ? "component_variance" : "total_variance";
  const truth = run.meta[name].truth;
  const values = sorted(run.row(name, place));
  if (!values.length || !(truth > 0)) return "no replicate has a finite variance";
  const what = name === "component_variance" ? "the components’ variance" : "the variance";
  const middle = quantile(values, 0.5) / truth;
  const text =
    run.replicates === 1 ? `the model has ${percent(middle)} of ${what}` : `the median replicate has ${percent(middle)} of ${what}`;
  if (run.replicates < 2) return text;
  const low = quantile(values, 0) / truth;
  const high = quantile(values, 1) / truth;
  const lost = values.filter((value) => value < (2 / 3) * truth).length;
  const spread = high - low > 0.1 ? `, one as little as ${percent(low)}, another ${percent(high)}` : "";
  const third = lost ? `; ${lost === run.replicates ? "all" : `${whole(lost)} of ${whole(run.replicates)}`} have lost a third of it` : "";
  return text + (third || spread);
}

function ofCategories(run, place) {
  const alive = sorted(run.row("categories_alive", place));
  const truth = run.meta.categories_alive?.truth;
  if (!alive.length || !Number.isFinite(truth)) return "frequencies have drifted";
  const gone = truth - quantile(alive, 0.5);
  if (gone < 1) return `the median replicate still has all ${whole(truth)} categories`;
  return run.replicates === 1
    ? `${whole(gone)} of ${whole(truth)} categories are lost for good`
    : `the median replicate has lost ${whole(gone)} of ${whole(truth)} categories`;
}
