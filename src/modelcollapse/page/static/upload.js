// A data set as truth: a CSV file that is chosen or dropped, and one of its columns.

import { wordsOf } from "./api.js";
import { el, fresh, put, svg } from "./dom.js";
import { choice } from "./fields.js";
import { short, whole } from "./format.js";

const LARGEST_FILE = 2 * 1024 * 1024;
const WIDTH = 300;

/**
 * The elements with which a file is chosen.
 * @param upload sends {csv, name, column}, gives the server's answer, or throws
 * @param taken called with the answer and the file's name
 * @param known what was taken before, to be shown again
 */
export function fileChooser(upload, taken, known) {
  const input = el("input", { type: "file", accept: ".csv,.txt,text/csv,text/plain", id: fresh("file"), "data-field": "truth.path" });
  const told = el("p", { class: "hint upload-told", role: "status" });
  const problem = el("p", { class: "upload-problem", role: "alert", hidden: true });
  const chart = el("div", {});
  const columns = el("div", {});
  const zone = el("div", { class: "drop" }, el("label", { for: input.id, text: "A CSV file with a header; choose it, or drop it here" }), input);
  const send = async (csv, name, column) => {
    problem.hidden = true;
    put(chart);
    told.textContent = "";
    try {
      const answer = await upload({ csv, name: name.slice(0, 200), ...(column === undefined ? {} : { column }) });
      const data = { ...answer, name };
      describe(data, told, chart);
      taken(data);
    } catch (error) {
      problem.hidden = false;
      problem.textContent = wordsOf(error);
    }
  };
  const take = async (file) => {
    if (!file) return;
    put(columns);
    if (file.size > LARGEST_FILE) {
      problem.hidden = false;
      problem.textContent = `${file.name} has ${whole(file.size / 1024)} KiB; at most ${whole(LARGEST_FILE / 1024)} are taken.`;
      return;
    }
    const csv = await file.text();
    const names = headerOf(csv);
    if (names.length < 2) return send(csv, file.name);
    const pick = choice("Column", names.map((name) => [name, name]), firstNumeric(csv, names), (name) => send(csv, file.name, name), { path: "truth.column" });
    put(columns, pick);
    return send(csv, file.name, pick.querySelector("select").value);
  };
  input.addEventListener("change", () => take(input.files[0]));
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    take(event.dataTransfer.files[0]);
  });
  if (known) describe(known, told, chart);
  return [zone, columns, problem, chart, told];
}

/** Say what was taken, and show its histogram. */
function describe(data, told, chart) {
  told.textContent = `${data.name}: ${whole(data.n)} numbers, mean ${short(data.mean)}, variance ${short(data.variance)}. Every real item is drawn from them.`;
  const { edges, counts } = data.histogram ?? {};
  if (!edges?.length) return;
  const most = Math.max(...counts, 1);
  const scale = (WIDTH - 8) / (edges.at(-1) - edges[0] || 1);
  const bars = counts.map((count, i) =>
    svg("rect", { class: "bar", x: 4 + (edges[i] - edges[0]) * scale, width: Math.max((edges[i + 1] - edges[i]) * scale - 1, 0.5), y: 70 - (66 * count) / most, height: (66 * count) / most }),
  );
  put(chart, svg("svg", { viewBox: `0 0 ${WIDTH} 72`, class: "truth-svg", role: "img", "aria-label": "Histogram of the data" }, ...bars));
}

/** The cells of a line of CSV. */
function cellsOf(line) {
  const cells = line.match(/("([^"]|"")*"|[^,]*)(,|$)/g) ?? [];
  const texts = cells.map((cell) => cell.replace(/,$/, "").trim().replace(/^"([\s\S]*)"$/, "$1").replaceAll('""', '"'));
  return line.endsWith(",") ? texts : texts.slice(0, -1);
}

/** The names in a file's first line. */
const headerOf = (csv) => cellsOf(csv.slice(0, 10_000).split(/\r?\n/, 1)[0]);

/** The first column whose first value is a number; the first column, if none is. */
function firstNumeric(csv, names) {
  const values = cellsOf(csv.slice(0, 20_000).split(/\r?\n/, 2)[1] ?? "");
  const place = values.findIndex((value) => value !== "" && Number.isFinite(Number(value)));
  return names[place] ?? names[0];
}
