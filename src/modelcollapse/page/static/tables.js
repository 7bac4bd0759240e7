// A table beside each chart, for those who read numbers or cannot see lines. Made when it is opened.

import { el, put } from "./dom.js";

/**
 * A closed `<details>` that holds a table.
 * @param title what is in it
 * @param make gives {caption, head: [...], rows: [[...], ...]} of texts, or null
 */
export class Table {
  constructor(title, make) {
    this.make = make;
    this.body = el("div", { class: "table-scroll", tabindex: "0", role: "group", "aria-label": title });
    this.node = el(
      "details",
      { class: "numbers", ontoggle: () => this.refresh() },
      el("summary", { text: title }),
      this.body,
    );
  }

  /** Make it again, if anybody looks at it. */
  refresh() {
    if (!this.node.open) return;
    const made = this.make();
    if (!made) {
      put(this.body, el("p", { text: "Nothing has arrived yet." }));
      return;
    }
    const cells = (row) =>
      row.map((text, i) => (i ? el("td", { text }) : el("th", { scope: "row", text })));
    put(
      this.body,
      el(
        "table",
        {},
        el("caption", { text: made.caption }),
        el("thead", {}, el("tr", {}, ...made.head.map((text) => el("th", { scope: "col", text })))),
        el("tbody", {}, ...made.rows.map((row) => el("tr", {}, ...cells(row)))),
      ),
    );
  }
}

/** A dozen places of n, the first and the last among them, evenly on a log scale. */
export function fewPlaces(n, many = 12) {
  if (n <= many) return Array.from({ length: n }, (_, i) => i);
  const places = new Set([0, n - 1]);
  for (let i = 0; i < many; i++) places.add(Math.round((n - 1) ** (i / (many - 1))));
  return [...places].sort((a, b) => a - b);
}
