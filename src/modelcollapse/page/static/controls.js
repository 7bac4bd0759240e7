// The recipe as a form.

import { byId, el, lookup, put } from "./dom.js";
import { choice, logNumber, number, setAt } from "./fields.js";
import { change, copy, state } from "./state.js";
import { Triangle } from "./triangle.js";
import { TruthEditor } from "./truth.js";

const WORKFLOWS = lookup({
  mix: "a mix, new each time",
  accumulate: "accumulate: all items so far",
  "accumulate-subsample": "accumulate, learn from N of them",
  augment: "numbers of real and synthetic items",
  weighted: "real and synthetic items, weighted",
  biased: "a mix, drawn at a temperature",
  verified: "a mix, checked by a verifier",
  decaying: "a mix, real data becoming rarer",
});
const POOLS = ["accumulate", "accumulate-subsample"];
const BY_NUMBER = ["augment", "weighted"];
const SOURCES = [["fresh", "new each time"], ["fixed", "always the same"]];
const ASSIGNMENTS = [["stratified", "exact counts"], ["per-sample", "each item by chance"]];

// What a kind starts with, and the fields it has beside the shares.
const STARTS = lookup({
  mix: (shares) => ({ real: shares.real, kept: shares.kept }),
  accumulate: (shares) => ({ real: shares.real }),
  "accumulate-subsample": (shares) => ({ real: shares.real }),
  augment: (_, n) => ({ real: Math.round(n / 10), synthetic: n - Math.round(n / 10) }),
  weighted: (_, n) => ({ weight: 0.618, real: Math.round(n / 2), synthetic: Math.round(n / 2) }),
  biased: (shares) => ({ real: shares.real, kept: shares.kept, temperature: 0.9 }),
  verified: (shares) => ({ real: shares.real, kept: shares.kept, likelihood: 0.1, phi: 1, psi: 0 }),
  decaying: (shares) => ({ real: shares.real || 0.5, kept: shares.kept, half_life: 10 }),
});
const MORE = lookup({
  mix: ["real_source", "assignment"],
  augment: ["count.real", "count.synthetic", "real_source", "growth"],
  weighted: ["count.real", "count.synthetic", "weight"],
  biased: ["temperature", "real_source"],
  verified: ["likelihood", "phi", "psi"],
  decaying: ["half_life", "real_source"],
});
const LEARNERS = lookup({
  gaussian: ["Gaussian", () => ({ family: "gaussian" })],
  mixture: ["Gaussian mixture", () => ({ family: "mixture", components: 2, solver: "em" })],
  kde: ["kernel density", () => ({ family: "kde", bandwidth: "scaled" })],
  empirical: ["the items (bootstrap)", () => ({ family: "empirical" })],
  categorical: ["frequencies", () => ({ family: "categorical" })],
});
const FITTING = lookup({ categorical: ["categorical"] });
const REAL_LINE = ["gaussian", "mixture", "kde", "empirical"];
const ENGINES = lookup({
  auto: "automatic",
  exact: "exact (items)",
  grouped: "grouped (bins)",
  diffusion: "diffusion",
});
// No more than the page's charts are good for; the server's own limits are wider.
const CALM = { n_samples: [10, 1e9], generations: [1, 1e5], replicates: [1, 200] };

export class Controls {
  /** @param edited called with whether a drag goes on */
  constructor(about, edited, upload) {
    this.about = about;
    this.edited = edited;
    this.triangle = new Triangle(byId("triangle"), byId("shares"), (shares, going) => this.#shares(shares, going));
    this.truth = new TruthEditor(byId("truth"), about.truths ?? [], (truth, id, going) => this.#truth(truth, id, going), upload);
  }

  /** Show the recipe of the state. */
  show() {
    this.truth.set(copy(state.recipe.truth), state.upload);
    this.#workflow();
    this.#size();
    this.#learner();
  }

  #edit(path, value, going = false) {
    const recipe = copy(state.recipe);
    setAt(recipe, path, value);
    this.#become(recipe, going);
  }

  #become(recipe, going = false, more = {}) {
    change({ recipe, story: "", ...more }, "controls");
    this.edited(going);
  }

  #shares(shares, going) {
    const recipe = copy(state.recipe);
    const { workflow } = recipe;
    workflow.real = shares.real;
    if (POOLS.includes(workflow.kind)) delete workflow.kept;
    else workflow.kept = shares.kept;
    delete workflow.synthetic;
    this.#become(recipe, going);
  }

  #truth(truth, upload, going) {
    const recipe = copy(state.recipe);
    const before = recipe.truth.family;
    recipe.truth = copy(truth);
    const fitting = FITTING[truth.family] ?? REAL_LINE;
    if (!fitting.includes(recipe.learner.family)) {
      const family = fitting.includes("mixture") ? "mixture" : fitting[0];
      recipe.learner = LEARNERS[family][1]();
    }
    if (truth.family === "mixture" && recipe.learner.family === "mixture") recipe.learner.components = truth.weights.length;
    if (truth.family !== before && FITTING[truth.family]) delete recipe.learner.components;
    this.#become(recipe, going, { upload });
    if (!going) this.#learner();
  }

  #workflow() {
    const { workflow } = state.recipe;
    const known = Object.keys(this.about.workflows ?? {});
    const kinds = Object.entries(WORKFLOWS).filter(([kind]) => !known.length || known.includes(kind));
    const kind = choice("Workflow", kinds, workflow.kind, (next) => this.#kind(next), { path: "workflow.kind" });
    kind.classList.add("bare");
    const told = this.about.workflows?.[workflow.kind]?.sentence;
    put(byId("workflow"), kind, told ? el("p", { class: "hint", text: told }) : null);
    const shares = !BY_NUMBER.includes(workflow.kind);
    byId("triangle").hidden = byId("shares").hidden = !shares;
    if (shares) {
      const real = Number(workflow.real) || 0;
      const kept = Number(workflow.kept) || 0;
      this.triangle.set({ real, kept, synthetic: Math.max(1 - real - kept, 0) }, { noKept: POOLS.includes(workflow.kind) });
    }
    const more = (MORE[workflow.kind] ?? []).map((key) => this.#field(key));
    put(byId("workflow-more"), ...more);
  }

  #kind(kind) {
    const recipe = copy(state.recipe);
    const old = recipe.workflow;
    const shares = BY_NUMBER.includes(old.kind) ? { real: 0, kept: 0 } : { real: Number(old.real) || 0, kept: Number(old.kept) || 0 };
    recipe.workflow = { kind, ...STARTS[kind](shares, recipe.n_samples) };
    this.#become(recipe);
    this.#workflow();
  }

  #field(key) {
    const { workflow } = state.recipe;
    const at = (name) => ({ path: `workflow.${name}` });
    const edit = (name) => (value) => this.#edit(`workflow.${name}`, value);
    switch (key) {
      case "real_source":
        return choice("Real items", SOURCES, workflow.real_source ?? "fresh", edit("real_source"), at("real_source"));
      case "assignment":
        return choice("Shares as", ASSIGNMENTS, workflow.assignment ?? "stratified", edit("assignment"), at("assignment"));
      case "count.real":
        return number("Real items", workflow.real, edit("real"), { min: 0, step: 1, ...at("real") });
      case "count.synthetic":
        return number("Synthetic items", workflow.synthetic, edit("synthetic"), { min: 0, step: 1, ...at("synthetic") });
      case "growth":
        return number("Growth", workflow.growth ?? 0, edit("growth"), { min: 0, max: 10, ...at("growth") });
      case "weight":
        return number("Weight of the real", workflow.weight, edit("weight"), { min: 0, max: 1, ...at("weight") });
      case "temperature":
        return number("Temperature", workflow.temperature, edit("temperature"), { min: 0.001, ...at("temperature") });
      case "half_life":
        return number("Half-life", workflow.half_life, edit("half_life"), { min: 0, hint: "generations in which the real share halves", ...at("half_life") });
      case "likelihood":
        return number("Wrong at worst", workflow.likelihood, edit("likelihood"), { min: 0, max: 1, optional: true, hint: "the truth’s least likely share counts as wrong", ...at("likelihood") });
      case "phi":
        return number("Right ones kept", workflow.phi ?? 1, edit("phi"), { min: 0, max: 1, ...at("phi") });
      default:
        return number("Wrong ones kept", workflow.psi ?? 0, edit("psi"), { min: 0, max: 1, ...at("psi") });
    }
  }

  #size() {
    const { recipe } = state;
    const limits = (name) => {
      const [low, high] = CALM[name];
      const [least, most] = this.about.limits?.[name] ?? CALM[name];
      return [Math.max(low, least ?? low), Math.min(high, most ?? high)];
    };
    const log = (label, name) =>
      logNumber(label, recipe[name], limits(name), (value, going) => this.#edit(name, value, going), { path: name });
    put(
      byId("size"),
      log("Items N", "n_samples"),
      log("Generations", "generations"),
      log("Replicates", "replicates"),
      number("Seed", recipe.seed ?? 0, (value) => this.#edit("seed", value), { min: 0, step: 1, path: "seed" }),
    );
  }

  #learner() {
    const { recipe } = state;
    const { learner } = recipe;
    const fitting = FITTING[recipe.truth.family] ?? REAL_LINE;
    const families = fitting.map((name) => [name, LEARNERS[name][0]]);
    const rows = [
      choice("Learner", families, learner.family, (name) => {
        const next = LEARNERS[name][1]();
        if (name === "mixture" && recipe.truth.weights) next.components = recipe.truth.weights.length;
        this.#edit("learner", next);
        this.#learner();
      }, { path: "learner.family" }),
    ];
    const edit = (name) => (value) => this.#edit(`learner.${name}`, value);
    if (learner.family === "mixture") {
      rows.push(
        number("Components", learner.components ?? 2, edit("components"), { min: 1, step: 1, path: "learner.components" }),
        choice("Solver", [["em", "EM to the end"], ["scikit-learn", "scikit-learn"]], learner.solver ?? "em", (solver) => {
          const next = { family: "mixture", components: learner.components ?? 2, solver };
          const changed = copy(state.recipe);
          changed.learner = next;
          if (solver === "scikit-learn" && changed.engine !== "exact") changed.engine = "exact";
          this.#become(changed);
          this.#learner();
        }, { path: "learner.solver" }),
      );
      if ((learner.solver ?? "em") === "em") {
        rows.push(choice("EM starts from", [["model", "the last model"], ["kmeans", "k-means"]], learner.start ?? "model", edit("start"), { path: "learner.start" }));
      }
    }
    if (learner.family === "gaussian") {
      rows.push(choice("Variance", [["0", "maximum likelihood"], ["1", "unbiased"]], String(learner.ddof ?? 0), (value) => edit("ddof")(Number(value)), { path: "learner.ddof" }));
    }
    if (learner.family === "kde") {
      const numeric = typeof learner.bandwidth === "number";
      rows.push(
        choice("Bandwidth", [["scaled", "scaled by the data"], ["scott", "Scott’s factor alone"], ["number", "a number"]], numeric ? "number" : learner.bandwidth, (value) => {
          edit("bandwidth")(value === "number" ? 0.3 : value);
          this.#learner();
        }, { path: "learner.bandwidth" }),
      );
      if (numeric) rows.push(number("h", learner.bandwidth, edit("bandwidth"), { min: 0 }));
    }
    const engines = (this.about.engines ?? Object.keys(ENGINES)).concat("auto").filter((name, i, all) => all.indexOf(name) === i);
    rows.push(choice("Engine", engines.map((name) => [name, ENGINES[name] ?? name]), recipe.engine ?? "exact", (value) => this.#edit("engine", value), { path: "engine" }));
    put(byId("learner"), ...rows);
  }
}

