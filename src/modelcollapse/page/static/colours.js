// The colours of the style sheet, for canvases. Okabe and Ito's, which the colour-blind tell apart.

import { byId } from "./dom.js";

const NAMES = [
  "ink", "muted", "faint", "rule", "panel", "truth", "truth-fill", "model", "model-thin", "model-band",
  "data", "law", "c0", "c1", "c2", "c3", "c4", "c5",
];
export const colours = {};
const listeners = new Set();

/** Call back when the colours change. */
export const onColours = (listener) => listeners.add(listener);

function refresh() {
  const style = getComputedStyle(document.documentElement);
  for (const name of NAMES) colours[name] = style.getPropertyValue(`--${name}`).trim();
  for (const listener of listeners) listener();
}

const dark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";

/** Start: the button changes between light and dark, and is remembered. */
export function startColours() {
  const button = byId("theme");
  const tell = () => {
    button.setAttribute("aria-pressed", String(isDark()));
    refresh();
  };
  button.addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem("modelcollapse-theme", theme);
    } catch {
      // Not remembered, then.
    }
    tell();
  });
  dark.addEventListener("change", tell);
  tell();
}
