// The three shares of a training set as a triangle one drags a point in, and three sliders linked to it.

import { el, fresh, put, svg } from "./dom.js";

const SIDE = 200;
const HEIGHT = (SIDE * Math.sqrt(3)) / 2;
const LEFT = 30;
const TOP = 22;
// Where each share is whole: real at the top, synthetic at the left, kept at the right.
const CORNERS = {
  real: [LEFT + SIDE / 2, TOP],
  synthetic: [LEFT, TOP + HEIGHT],
  kept: [LEFT + SIDE, TOP + HEIGHT],
};
const WORDS = {
  real: ["real", "items drawn from the truth"],
  synthetic: ["synthetic", "items drawn from the last model"],
  kept: ["kept", "items kept from the last training set"],
};
const NAMES = Object.keys(WORDS);

const round = (value) => Math.round(value * 1e6) / 1e6;

/** Shares that add up to 1 with one of them given: the others keep their proportion. */
export function withShare(shares, name, value, fixed = []) {
  const given = Math.min(Math.max(value, 0), 1);
  const others = NAMES.filter((other) => other !== name && !fixed.includes(other));
  const before = others.reduce((sum, other) => sum + shares[other], 0);
  const left = 1 - given;
  const next = { ...shares, [name]: given };
  for (const other of fixed) if (other !== name) next[other] = 0;
  for (const other of others) {
    next[other] = before > 0 ? (left * shares[other]) / before : left * (other === "synthetic" || others.length === 1 ? 1 : 0);
  }
  if (before <= 0 && !others.includes("synthetic") && others.length) next[others[0]] = left;
  return tidy(next);
}

function tidy(shares) {
  const real = round(shares.real);
  const kept = round(shares.kept);
  return { real, kept, synthetic: Math.max(round(1 - real - kept), 0) };
}

export class Triangle {
  /** @param changed called with {real, synthetic, kept} and whether a drag goes on */
  constructor(host, sliders, changed) {
    this.changed = changed;
    this.shares = { real: 0, synthetic: 1, kept: 0 };
    this.noKept = false;
    this.#draw(host);
    this.#sliders(sliders);
  }

  #draw(host) {
    const grid = svg("g", { class: "triangle-grid" });
    for (const share of [0.2, 0.4, 0.6, 0.8]) {
      for (const [a, b, c] of [["real", "synthetic", "kept"], ["synthetic", "kept", "real"], ["kept", "real", "synthetic"]]) {
        const [x1, y1] = at({ [a]: share, [b]: 1 - share, [c]: 0 });
        const [x2, y2] = at({ [a]: share, [b]: 0, [c]: 1 - share });
        grid.append(svg("line", { x1, y1, x2, y2 }));
      }
    }
    this.pull = svg("g", { class: "triangle-pull" });
    this.point = svg("g", {
      class: "triangle-point",
      tabindex: "0",
      role: "slider",
      "aria-label": "Shares of the next training set; up and down for real, left for synthetic, right for kept",
      "aria-valuemin": "0",
      "aria-valuemax": "100",
      onkeydown: (event) => this.#key(event),
    });
    this.point.append(svg("circle", { class: "halo", r: 15 }), svg("circle", { class: "dot", r: 8 }));
    const names = NAMES.map((name) => {
      const [x, y] = CORNERS[name];
      const below = name !== "real";
      const anchor = { real: "middle", synthetic: "start", kept: "end" }[name];
      const nudge = { real: 0, synthetic: -LEFT + 2, kept: LEFT - 2 }[name];
      return svg("text", { x: x + nudge, y: below ? y + 19 : y - 9, "text-anchor": anchor, class: `corner corner-${name}`, text: WORDS[name][0] });
    });
    const path = NAMES.map((name) => CORNERS[name].join(",")).join(" ");
    this.surface = svg("polygon", { points: path, class: "triangle-surface" });
    this.node = svg(
      "svg",
      { viewBox: `0 0 ${SIDE + 2 * LEFT} ${HEIGHT + TOP + 26}`, class: "triangle-svg" },
      this.surface,
      grid,
      this.pull,
      ...names,
      this.point,
    );
    for (const name of NAMES) this.pull.append(svg("line", { class: `pull pull-${name}` }));
    this.node.addEventListener("pointerdown", (event) => this.#down(event));
    this.node.addEventListener("pointermove", (event) => this.dragging && this.#drag(event, true));
    for (const end of ["pointerup", "pointercancel"]) this.node.addEventListener(end, (event) => this.#up(event));
    put(host, this.node);
  }

  #sliders(host) {
    this.ranges = {};
    this.fields = {};
    this.rows = {};
    const rows = NAMES.map((name) => {
      const id = fresh("share");
      const [word, meaning] = WORDS[name];
      const range = el("input", { type: "range", id, min: 0, max: 100, step: 1, "aria-label": `${word}, percent: ${meaning}`, class: `share-${name}` });
      const field = el("input", { type: "number", min: 0, max: 100, step: "any", "aria-label": `${word}, percent`, "data-field": `workflow.${name}` });
      range.addEventListener("input", () => this.#slide(name, Number(range.value) / 100, true));
      range.addEventListener("change", () => this.#slide(name, Number(range.value) / 100, false));
      field.addEventListener("change", () => {
        if (field.value !== "" && Number.isFinite(field.valueAsNumber)) this.#slide(name, field.valueAsNumber / 100, false);
        else this.set(this.shares);
      });
      this.ranges[name] = range;
      this.fields[name] = field;
      this.rows[name] = el(
        "div",
        { class: "share-row" },
        el("label", { for: id, title: meaning, text: word }),
        range,
        el("span", { class: "with-unit" }, field, el("span", { class: "unit", "aria-hidden": "true", text: "%" })),
      );
      return this.rows[name];
    });
    put(host, ...rows);
  }

  #slide(name, value, going) {
    this.#become(withShare(this.shares, name, value, this.noKept ? ["kept"] : []), going);
  }

  /** Show shares, without telling anybody. `noKept`: nothing can be kept. */
  set(shares, { noKept = this.noKept } = {}) {
    this.noKept = noKept;
    this.shares = tidy(shares);
    const [x, y] = at(this.shares);
    this.point.setAttribute("transform", `translate(${x} ${y})`);
    [...this.pull.children].forEach((line, i) => {
      const [cx, cy] = CORNERS[NAMES[i]];
      line.setAttribute("x1", cx);
      line.setAttribute("y1", cy);
      line.setAttribute("x2", x);
      line.setAttribute("y2", y);
      line.style.opacity = String(0.15 + 0.85 * this.shares[NAMES[i]]);
    });
    const percents = NAMES.map((name) => `${WORDS[name][0]} ${Number((100 * this.shares[name]).toFixed(2))} %`);
    this.point.setAttribute("aria-valuenow", String(Number((100 * this.shares.real).toFixed(2))));
    this.point.setAttribute("aria-valuetext", percents.join(", "));
    for (const name of NAMES) {
      const value = Number((100 * this.shares[name]).toFixed(4));
      this.ranges[name].value = String(value);
      if (document.activeElement !== this.fields[name] || Number(this.fields[name].value) !== value) {
        this.fields[name].value = String(value);
      }
    }
    this.rows.kept.hidden = noKept;
    this.node.classList.toggle("no-kept", noKept);
  }

  #become(shares, going) {
    const before = this.shares;
    this.set(shares);
    const moved = NAMES.some((name) => before[name] !== this.shares[name]);
    if (moved || !going) this.changed({ ...this.shares }, going);
  }

  #down(event) {
    if (event.button) return;
    this.dragging = true;
    this.node.setPointerCapture(event.pointerId);
    this.point.focus({ preventScroll: true });
    this.#drag(event, true);
    event.preventDefault();
  }

  #up(event) {
    if (!this.dragging) return;
    this.dragging = false;
    if (event.type === "pointerup") this.#drag(event, false);
    else this.#become(this.shares, false);
  }

  #drag(event, going) {
    const matrix = this.node.getScreenCTM().inverse();
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
    this.#become(this.#near(x, y), going);
  }

  /** The shares of a place, in whole percents; outside the triangle, those of the nearest point in it. */
  #near(x, y) {
    let real = (TOP + HEIGHT - y) / HEIGHT;
    let kept = (x - LEFT) / SIDE - real / 2;
    let synthetic = 1 - real - kept;
    real = Math.max(real, 0);
    kept = this.noKept ? 0 : Math.max(kept, 0);
    synthetic = Math.max(synthetic, 0);
    const sum = real + kept + synthetic || 1;
    const snap = (value) => Math.round((100 * value) / sum) / 100;
    real = snap(real);
    kept = Math.min(snap(kept), 1 - real);
    return { real, kept, synthetic: 1 - real - kept };
  }

  #key(event) {
    const step = event.shiftKey ? 0.1 : event.altKey ? 0.001 : 0.01;
    const { shares } = this;
    const fixed = this.noKept ? ["kept"] : [];
    let next;
    if (event.key === "ArrowUp") next = withShare(shares, "real", shares.real + step, fixed);
    else if (event.key === "ArrowDown") next = withShare(shares, "real", shares.real - step, fixed);
    else if (event.key === "ArrowRight" && !this.noKept) next = moved(shares, "synthetic", "kept", step);
    else if (event.key === "ArrowLeft" && !this.noKept) next = moved(shares, "kept", "synthetic", step);
    else if (event.key === "Home") next = { real: 0, synthetic: 1, kept: 0 };
    else if (event.key === "End") next = { real: 1, synthetic: 0, kept: 0 };
    else return;
    event.preventDefault();
    this.#become(next, false);
  }
}

function moved(shares, from, to, step) {
  const by = Math.min(step, shares[from]);
  return { ...shares, [from]: shares[from] - by, [to]: shares[to] + by };
}

function at(shares) {
  const place = [0, 0];
  for (const name of NAMES) {
    place[0] += shares[name] * CORNERS[name][0];
    place[1] += shares[name] * CORNERS[name][1];
  }
  return place.map((value) => Math.round(value * 100) / 100);
}
