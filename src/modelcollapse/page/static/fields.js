// Form fields that know their place in the recipe, so that problems can be put beside them.

import { el, fresh, put } from "./dom.js";

/** The value at a path like "workflow.real". */
export const valueAt = (recipe, path) => path.split(".").reduce((part, key) => part?.[key], recipe);

/** Set the value at a path; undefined takes the key out. */
export function setAt(recipe, path, value) {
  const keys = path.split(".");
  const last = keys.pop();
  const table = keys.reduce((part, key) => (part[key] ??= {}), recipe);
  if (value === undefined) delete table[last];
  else table[last] = value;
}

/** A labelled row. */
export function row(label, input, { hint = "", path = "" } = {}) {
  input.id ||= fresh("field");
  if (path) input.dataset.field = path;
  const parts = [el("label", { for: input.id, text: label }), input];
  if (hint) {
    const id = fresh("hint");
    parts.push(el("p", { class: "hint", id, text: hint }));
    input.setAttribute("aria-describedby", id);
  }
  return el("div", { class: "row" }, ...parts);
}

/** A list to choose from: `choices` are [value, text]. */
export function choice(label, choices, value, changed, options = {}) {
  const input = el("select", {}, ...choices.map(([key, text]) => el("option", { value: key, text })));
  if (!choices.some(([key]) => key === value)) input.append(el("option", { value, text: String(value) }));
  input.value = value;
  input.addEventListener("change", () => changed(input.value));
  return row(label, input, options);
}

/** A number. */
export function number(label, value, changed, options = {}) {
  const { min, max, step = "any" } = options;
  const input = el("input", { type: "number", min, max, step, inputmode: "decimal" });
  input.value = value ?? "";
  input.addEventListener("change", () => {
    if (input.value !== "" && Number.isFinite(input.valueAsNumber)) changed(input.valueAsNumber);
    else if (options.optional && input.value === "") changed(undefined);
    else input.value = value ?? "";
  });
  return row(label, input, options);
}

const twoDigits = (value) => Number(value.toPrecision(2));

/** A whole number on a log scale: a slider, and a field for any value. */
export function logNumber(label, value, [least, most], changed, options = {}) {
  const id = fresh("log");
  const low = Math.log10(Math.max(least, 1));
  const high = Math.log10(most);
  const range = el("input", { type: "range", min: low, max: high, step: (high - low) / 180, id: `${id}-range`, "aria-label": `${label}, on a log scale` });
  const field = el("input", { type: "number", min: least, max: most, step: 1, id, inputmode: "numeric" });
  if (options.path) field.dataset.field = options.path;
  const show = (next) => {
    field.value = String(next);
    range.value = String(Math.log10(Math.max(next, 1)));
    range.setAttribute("aria-valuetext", next.toLocaleString("en-US"));
  };
  show(value);
  const slid = () => Math.min(Math.max(Math.round(twoDigits(10 ** Number(range.value))), least), most);
  range.addEventListener("input", () => {
    field.value = String(slid());
    range.setAttribute("aria-valuetext", slid().toLocaleString("en-US"));
    changed(slid(), true);
  });
  range.addEventListener("change", () => changed(slid(), false));
  field.addEventListener("change", () => {
    if (!Number.isFinite(field.valueAsNumber)) return show(value);
    show(field.valueAsNumber);
    changed(field.valueAsNumber, false);
  });
  return el("div", { class: "row log" }, el("label", { for: id, text: label }), field, range);
}

/** Take away what was told of problems. */
export function clearProblems(form) {
  for (const told of form.querySelectorAll(".problem")) told.remove();
  for (const input of form.querySelectorAll("[aria-invalid]")) {
    input.removeAttribute("aria-invalid");
    const hints = (input.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => !id.startsWith("problem-"));
    if (hints.join("")) input.setAttribute("aria-describedby", hints.join(" "));
    else input.removeAttribute("aria-describedby");
  }
}

/** Put each problem beside its field; those without one into `rest`. */
export function showProblems(form, problems, rest) {
  clearProblems(form);
  const left = [];
  for (const problem of problems) {
    const field = String(problem.field ?? "");
    const text = `${field} = ${told(problem.value)} ${problem.allowed ?? ""}`;
    const input = inputOf(form, field);
    if (!input) {
      left.push(el("li", { text }));
      continue;
    }
    const id = fresh("problem");
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", [input.getAttribute("aria-describedby"), id].filter(Boolean).join(" "));
    (input.closest(".row, .share-row, .part-row") ?? input.parentElement).append(el("p", { class: "problem", id, text }));
    for (const box of parents(input)) if (box instanceof HTMLDetailsElement) box.open = true;
  }
  put(rest, ...left);
}

function* parents(node) {
  for (let one = node.parentElement; one; one = one.parentElement) yield one;
}

function inputOf(form, field) {
  const inputs = [...form.querySelectorAll("[data-field]")].filter((input) => !input.closest("[hidden]"));
  const bare = field.replace(/\[.*$/, "");
  return (
    inputs.find((input) => input.dataset.field === field) ??
    inputs.find((input) => input.dataset.field === bare) ??
    inputs.find((input) => input.dataset.field.startsWith(`${bare}.`))
  );
}

function told(value) {
  const text = typeof value === "string" ? `"${value}"` : JSON.stringify(value);
  return text && text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
