// The small charts under the picture: which there are depends on what a run measures.

import { byId, el, put } from "./dom.js";
import { count, duration } from "./format.js";
import { Lines } from "./lines.js";
import { Weights } from "./weights.js";

const WIDE = ["total_variance", "heterozygosity"];
const ORDER = ["total_variance", "heterozygosity", "weights", "component_variance", "categories_alive", "tail_mass", "wasserstein2", "total_variation"];

export class Panels {
  constructor(lab) {
    this.lab = lab;
    this.made = new Map();
    this.shown = [];
  }

  /** Show a run: its panels in their order. */
  show(run) {
    const names = Object.keys(run.meta).filter((name) => name !== "component_variance" || run.components > 1);
    if (run.components > 1) names.push("weights");
    const place = (name) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
    names.sort((a, b) => place(a) - place(b));
    const panels = names.map((name) => this.#panel(name));
    const nodes = panels.map((panel) => panel.node);
    const host = byId("panels");
    if (host.children.length !== nodes.length || nodes.some((node, i) => host.children[i] !== node)) put(host, ...nodes);
    this.shown = panels;
    host.classList.toggle("three", panels.length <= 3);
    for (const panel of panels) panel.show(run);
    put(byId("after"));
  }

  #panel(name) {
    if (!this.made.has(name)) {
      const panel = name === "weights" ? new Weights(this.lab) : new Lines(name, this.lab, { wide: WIDE.includes(name) });
      this.made.set(name, panel);
    }
    return this.made.get(name);
  }

  grown() {
    for (const panel of this.shown) panel.update();
  }

  mark(t) {
    for (const panel of this.shown) panel.mark(t);
  }
}

/** What stands below the charts when a run has ended: laws with verdicts, what happened to replicates, notes. */
export function showAfter(run, end) {
  const list = (title, texts) =>
    texts.length
      ? el("section", { class: "note-block" }, el("h2", { text: title }), el("ul", {}, ...texts.map((text) => el("li", { text }))))
      : null;
  const statuses = Object.entries(end.status ?? {})
    .filter(([, many]) => many > 0)
    .map(([name, many]) => `${String(name).replaceAll("_", " ")}: ${count(many, "replicate")} of ${run.replicates}`);
  const verdicts = (end.verdicts ?? []).map((one) => (typeof one === "string" ? one : (one.text ?? JSON.stringify(one))));
  const sources = [...new Set(run.laws.map((law) => `${law.label}: ${law.source ?? ""}`))];
  put(
    byId("after"),
    list("Laws beside measurements", verdicts),
    list("Where the laws come from", sources),
    list("What happened to replicates", statuses),
    list("Notes", run.notes),
    el("p", { class: "hint", text: `Computed in ${duration(end.seconds)} on the ${run.engine} engine.` }),
  );
}
