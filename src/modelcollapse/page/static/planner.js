// "How much real data is enough?", as a form.

import { Gone, Refused, stream } from "./api.js";
import { byId, el, fresh, lookup, put } from "./dom.js";
import { clearProblems, number, logNumber, setAt, showProblems } from "./fields.js";
import { percent, whole } from "./format.js";
import { change, copy, state } from "./state.js";

const QUESTIONS = lookup({
  mean: () => "The mean over replicates is within the limit at the end",
  late: (sure) => `${percent(sure)} of the replicates are within it at the end`,
  never: (sure) => `${percent(sure)} of them have been within it all the time`,
});
const SOURCES = lookup({
  fresh: () => "Fresh: new ones each generation",
  fixed: () => "Fixed: always the same ones",
});

const TRUTHS = lookup({
  gaussian: "One Gaussian",
  mixture: "A mixture of Gaussians",
  categorical: "Categories",
  data: "A data set",
});
const START = { loss: 0.05, sure: 0.95, questions: ["mean", "late"], sources: ["fresh"] };

export class Planner {
  constructor(about, failed) {
    this.about = about;
    this.failed = failed;
    this.node = byId("view-plan");
    this.abort = null;
  }

  /** Show the form for the laboratory's recipe. */
  show() {
    this.recipe = copy(state.recipe);
    this.recipe.workflow = { kind: "mix", real: 0 };
    this.recipe.engine = "auto";
    const told = state.plan && typeof state.plan === "object" ? state.plan : {};
    this.asked = { ...START };
    for (const name of ["loss", "sure"]) if (typeof told[name] === "number") this.asked[name] = told[name];
    for (const [name, known] of [["questions", QUESTIONS], ["sources", SOURCES]]) {
      if (Array.isArray(told[name])) this.asked[name] = told[name].filter((one) => one in known);
    }
    for (const name of ["n_samples", "generations"]) if (typeof told[name] === "number") this.recipe[name] = told[name];
    this.#form();
  }

  #form() {
    const edit = (name) => (value) => {
      this.asked[name] = value;
      for (const again of this.said) again();
      this.#keep();
    };
    this.said = [];
    const size = (name) => (value) => {
      setAt(this.recipe, name, value);
      this.#keep();
    };
    const limits = this.about.limits ?? {};
    const checks = (name, known) =>
      el(
        "fieldset",
        {},
        el("legend", { text: name === "questions" ? "What must hold" : "Real items" }),
        ...Object.entries(known).map(([key, words]) => {
          const text = words(this.asked.sure);
          const box = el("input", { type: "checkbox", id: fresh("check"), "data-field": `${name}.${key}` });
          box.checked = this.asked[name].includes(key);
          box.addEventListener("change", () => {
            const kept = Object.keys(known).filter((one) => (one === key ? box.checked : this.asked[name].includes(one)));
            this.asked[name] = kept;
            this.#keep();
          });
          const said = el("span", { text });
          this.said.push(() => (said.textContent = words(this.asked.sure)));
          return el("label", { class: "check", for: box.id }, box, said);
        }),
      );
    this.go = el("button", { type: "submit", class: "primary", text: "Find out" });
    this.problems = el("ul", { class: "problems" });
    this.told = el("p", { class: "running", role: "status" });
    this.answers = el("div", { class: "answers" });
    this.form = el(
      "form",
      { class: "plan-form", onsubmit: (event) => this.#submit(event) },
      el(
        "fieldset",
        {},
        el("legend", { text: "The loop" }),
        el("p", { class: "hint", text: this.#about() }),
        logNumber("Items N", this.recipe.n_samples, [10, Math.min(limits.n_samples?.[1] ?? 1e9, 1e9)], size("n_samples"), { path: "n_samples" }),
        logNumber("Generations", this.recipe.generations, [1, Math.min(limits.generations?.[1] ?? 1e4, 1e4)], size("generations"), { path: "generations" }),
      ),
      el(
        "fieldset",
        {},
        el("legend", { text: "The limit" }),
        number("At most lost, %", 100 * this.asked.loss, (value) => edit("loss")(value / 100), { min: 0.1, max: 99, path: "loss" }),
        number("Replicates within, %", 100 * this.asked.sure, (value) => edit("sure")(value / 100), { min: 1, max: 99.9, path: "sure" }),
      ),
      checks("questions", QUESTIONS),
      checks("sources", SOURCES),
      el("div", { class: "runbar" }, this.go, el("div", { role: "alert" }, this.problems)),
    );
    put(
      this.node,
      el("h2", { text: "How much real data is enough?" }),
      el("p", { class: "story-text", text: "How many real items must each training set hold, so that no more is lost than you allow? On average a handful; to be sure of your own path, far more." }),
      el("div", { class: "plan-columns" }, this.form, el("div", { class: "plan-result" }, this.told, this.answers)),
    );
  }

  #about() {
    const { truth, learner } = this.recipe;
    return `${TRUTHS[truth.family] ?? "The truth"} as truth, learner “${learner.family}”: those of the laboratory. Each training set is a mix of real and synthetic items.`;
  }

  #keep() {
    const { n_samples, generations } = this.recipe;
    change({ plan: { ...this.asked, n_samples, generations } }, "plan");
  }

  async #submit(event) {
    event.preventDefault();
    if (this.abort) {
      this.abort.abort();
      return;
    }
    const abort = (this.abort = new AbortController());
    clearProblems(this.form);
    put(this.problems);
    put(this.answers);
    this.go.textContent = "Stop";
    this.told.textContent = "Looking …";
    const answers = [];
    try {
      const body = { recipe: this.recipe, ...this.asked, ...(state.upload ? { upload: state.upload } : {}) };
      await stream("/api/plan", body, abort.signal, (line) => {
        if (line.type === "waiting") this.told.textContent = "Waiting for other runs to end …";
        else if (line.type === "progress") this.told.textContent = String(line.text ?? "");
        else if (line.type === "answers") {
          answers.push(...line.answers);
          this.#show(answers);
        } else if (line.type === "error") {
          throw new Refused(500, line, 0);
        }
      });
      if (!answers.length) throw new Gone("the answer broke off");
      this.told.textContent = "";
    } catch (error) {
      this.told.textContent = error.name === "AbortError" ? "Stopped." : "";
      if (error instanceof Refused && error.status === 422) {
        showProblems(this.form, error.problems, this.problems);
        if (!error.problems.length) this.problems.append(el("li", { text: error.message }));
      } else if (error.name !== "AbortError") this.failed(error, () => this.form.requestSubmit());
    } finally {
      this.abort = null;
      this.go.textContent = "Find out";
    }
  }

  #show(answers) {
    const n = this.recipe.n_samples;
    const cards = answers.map((one) =>
      el(
        "article",
        { class: "answer" },
        el(
          "p",
          { class: "answer-number" },
          el("strong", { text: one.count === null ? "no number" : whole(one.count) }),
          el("span", { text: one.count === null ? "is enough" : ` ${one.source} real items of ${whole(n)} (${percent(one.share ?? one.count / n)})` }),
        ),
        el("p", { class: "answer-question", text: QUESTIONS[one.question]?.(this.asked.sure) ?? one.question }),
        el("p", { class: "hint", text: one.sentence ?? "" }),
        one.low !== null && one.high !== null && one.low !== one.high && one.count !== null
          ? el("p", { class: "hint", text: `Known to lie between ${whole(one.low)} and ${whole(one.high)}.` })
          : null,
        one.law ? el("p", { class: "hint", text: `By law: ${one.law}` }) : null,
        one.count === null ? null : el("button", { type: "button", class: "quiet", text: "Watch it in the laboratory", onclick: () => this.#watch(one) }),
      ),
    );
    put(this.answers, ...cards);
  }

  #watch(answer) {
    const recipe = copy(this.recipe);
    recipe.workflow = { kind: "mix", real: answer.count / recipe.n_samples, real_source: answer.source };
    recipe.replicates = Math.max(recipe.replicates ?? 8, 20);
    change({ view: "lab", recipe, story: "", at: null, replicate: null }, "link");
  }
}
