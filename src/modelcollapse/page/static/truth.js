// The truth: components one drags on its curve, a law of categories, or a data set one uploads.

import { Components, drawable } from "./components.js";
import { el, fresh, lookup, put } from "./dom.js";
import { choice, number } from "./fields.js";
import { fileChooser } from "./upload.js";

const FAMILIES = lookup({
  gaussian: ["one Gaussian", () => ({ family: "gaussian", mean: 0, std: 1 })],
  mixture: ["a mixture of Gaussians", () => ({ family: "mixture", weights: [0.5, 0.5], means: [-2, 2], stds: [1, 1] })],
  categorical: ["categories (Zipf’s law)", () => ({ family: "categorical", zipf: { categories: 50, exponent: 1, shift: 0 } })],
  data: ["a data set (CSV)", null],
});

export class TruthEditor {
  /**
   * @param changed called with the truth's table, an upload's id or "", and whether a drag goes on
   * @param upload sends {csv, name}, gives the server's answer, or throws
   */
  constructor(host, known, changed, upload) {
    this.host = host;
    this.known = known;
    this.changed = changed;
    this.upload = upload;
    this.data = null;
  }

  /** Show a truth. */
  set(truth, uploaded = "") {
    this.truth = truth;
    this.uploaded = uploaded;
    const choices = Object.entries(FAMILIES)
      .filter(([name]) => this.known.includes(name))
      .map(([name, [text]]) => [name, text]);
    const family = choice("Truth", choices, truth.family, (name) => this.#family(name), { path: "truth.family" });
    family.classList.add("bare");
    this.body = el("div", {});
    put(this.host, family, this.body);
    if (truth.family === "gaussian" || truth.family === "mixture") {
      if (drawable(truth)) new Components(this.body, truth, (next, going) => this.#tell(next, going));
      else put(this.body, el("p", { class: "hint", text: "These components cannot be drawn." }));
    }
    if (truth.family === "categorical") this.#categories();
    else if (truth.family === "data") this.#file();
  }

  #family(name) {
    if (name === "data") {
      this.truth = { family: "data" };
      put(this.body);
      this.#file();
      return;
    }
    this.#tell(FAMILIES[name][1](), false);
    this.set(this.truth);
  }

  #tell(truth, going, uploaded = "") {
    this.truth = truth;
    this.uploaded = uploaded;
    this.changed(truth, uploaded, going);
  }

  // -- Categories ------------------------------------------------------------------------------------------

  #categories() {
    const { truth } = this;
    if (truth.zipf) {
      const zipf = { shift: 0, ...truth.zipf };
      const edit = (name) => (value) => this.#tell({ family: "categorical", zipf: { ...zipf, ...this.truth.zipf, [name]: value } }, false);
      put(
        this.body,
        number("Categories", zipf.categories, edit("categories"), { min: 2, step: 1, path: "truth.zipf.categories" }),
        number("Exponent", zipf.exponent, edit("exponent"), { step: "any", path: "truth.zipf.exponent" }),
        number("Shift", zipf.shift, edit("shift"), { step: "any", path: "truth.zipf.shift" }),
      );
      return;
    }
    const list = el("input", { type: "text", "data-field": "truth.probabilities", inputmode: "decimal" });
    list.value = Array.isArray(truth.probabilities) ? truth.probabilities.map(String).join(", ") : "";
    list.addEventListener("change", () => {
      const values = list.value.split(/[\s,;]+/).filter(Boolean).map(Number);
      if (values.length && values.every(Number.isFinite)) this.#tell({ family: "categorical", probabilities: values }, false);
    });
    const id = (list.id = fresh("probabilities"));
    put(this.body, el("div", { class: "row wide" }, el("label", { for: id, text: "Probabilities" }), list));
  }

  // -- A file ----------------------------------------------------------------------------------------------

  #file() {
    const taken = (answer) => {
      this.data = answer;
      this.#tell({ family: "data" }, false, answer.upload);
    };
    const known = this.data && this.uploaded === this.data.upload ? this.data : null;
    put(this.body, ...fileChooser(this.upload, taken, known));
  }
}
