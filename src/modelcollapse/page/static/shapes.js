// What a study's map is drawn of: the shapes of its cells, their colours, and how points of its axes are told.

import { svg } from "./dom.js";
import { short } from "./format.js";

// Stops of Matplotlib's cividis, which is as clear to the colour-blind.
const STOPS = ["#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838"];

/** How many points an axis has. */
export const sizeOf = (axis) => (axis.values ?? Object.values(axis.coordinates ?? {})[0] ?? []).length;

/** One of its points, in words. */
export const pointText = (axis, i) =>
  axis.values
    ? `${axis.name} = ${told(axis.values[i])}`
    : Object.entries(axis.coordinates).map(([name, values]) => `${name} ${told(values[i])}`).join(", ");

const told = (value) => (typeof value === "number" ? short(value, 4) : String(value));

/** The colour of a share of the scale. */
export function colour(share) {
  if (!Number.isFinite(share)) return "none";
  const place = Math.min(Math.max(share, 0), 1) * (STOPS.length - 1);
  const low = Math.min(Math.floor(place), STOPS.length - 2);
  const mix = (i) => {
    const [a, b] = [STOPS[low], STOPS[low + 1]].map((stop) => parseInt(stop.slice(1 + 2 * i, 3 + 2 * i), 16));
    return Math.round(a + (place - low) * (b - a));
  };
  return `rgb(${mix(0)} ${mix(1)} ${mix(2)})`;
}

/** Hexagons in a triangle of shares. */
export function triangle(axis, shown) {
  const side = 400;
  const height = (side * Math.sqrt(3)) / 2;
  const { real, kept } = axis.coordinates;
  const distinct = new Set(real.map((value) => value.toFixed(6))).size;
  const step = side / Math.max(distinct - 1, 1);
  const radius = step / Math.sqrt(3);
  const left = Math.max(40, radius + 8); // for the words at the corners
  const top = radius + 26;
  const corner = (a, r, x, y) => `${(x + r * Math.sin(a)).toFixed(2)},${(y - r * Math.cos(a)).toFixed(2)}`;
  const cells = shown.map(({ i }) => {
    const x = left + side * (kept[i] + real[i] / 2);
    const y = top + height * (1 - real[i]);
    const points = [0, 1, 2, 3, 4, 5].map((k) => corner((k * Math.PI) / 3, radius * 1.01, x, y));
    return svg("polygon", { points: points.join(" ") });
  });
  const text = (x, y, anchor, word) => svg("text", { x, y, "text-anchor": anchor, class: "corner", text: word });
  const pad = radius + 16;
  return {
    cells,
    marks: [
      text(left + side / 2, top - pad + 6, "middle", "real"),
      text(left - radius, top + height + pad + 6, "start", "synthetic"),
      text(left + side + radius, top + height + pad + 6, "end", "kept"),
    ],
    box: `0 0 ${side + 2 * left} ${height + top + pad + 16}`,
  };
}

/** Rectangles over one axis or two; `up` is null where there is one. */
export function grid(across, up, shown) {
  const columns = sizeOf(across);
  const rows = up === null ? 1 : sizeOf(up);
  const [left, top, width] = [74, 8, 400];
  const height = up === null ? 60 : 300;
  const [w, h] = [width / columns, height / rows];
  const cells = shown.map(({ i, j }) => svg("rect", { x: left + i * w, y: top + height - (j + 1) * h, width: w + 0.3, height: h + 0.3 }));
  const label = (axis, k) => (axis.values ? told(axis.values[k]) : told(Object.values(axis.coordinates)[0][k])).slice(0, 12);
  const every = (many, room) => Math.ceil(many / room);
  const marks = [];
  for (let i = 0; i < columns; i += every(columns, 7)) marks.push(svg("text", { x: left + (i + 0.5) * w, y: top + height + 16, "text-anchor": "middle", text: label(across, i) }));
  marks.push(svg("text", { x: left + width / 2, y: top + height + 36, "text-anchor": "middle", class: "corner", text: across.name }));
  if (up !== null) {
    for (let j = 0; j < rows; j += every(rows, 10)) marks.push(svg("text", { x: left - 8, y: top + height - (j + 0.5) * h + 4, "text-anchor": "end", text: label(up, j) }));
    marks.push(svg("text", { x: 0, y: 0, transform: `translate(14 ${top + height / 2}) rotate(-90)`, "text-anchor": "middle", class: "corner", text: up.name }));
  }
  return { cells, marks, box: `0 0 ${left + width + 16} ${top + height + 46}` };
}
