// What one takes home: the recipe, a Python snippet, numbers, figures.

import { blob, post } from "./api.js";
import { byId, el, put, say } from "./dom.js";
import { state } from "./state.js";

/** Let the browser save it. */
function save(content, name, type) {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  const anchor = el("a", { href: url, download: name });
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

async function copyText(text, told) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = el("textarea", { class: "visually-hidden", "aria-label": "text to copy" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say(told);
}

/**
 * Fill the menu.
 * @param lab {run() -> the run that is shown, failed(error)}
 */
export function startExports(lab) {
  const menu = byId("exports");
  const checked = () => post("/api/check", { recipe: state.recipe, ...(state.upload ? { upload: state.upload } : {}) });
  const finished = (what) => async () => {
    const run = lab.run();
    if (!run?.ended) {
      say("The run has not ended yet.");
      return;
    }
    save(await blob(`/api/runs/${encodeURIComponent(run.id)}/${what}`), `modelcollapse.${what}`);
  };
  const items = [
    ["Recipe (TOML)", async () => save((await checked()).toml, "recipe.toml", "application/toml"), false],
    ["Copy the recipe", async () => copyText((await checked()).toml, "The recipe is copied."), false],
    ["Python (.py)", async () => save((await checked()).python, "experiment.py", "text/x-python"), false],
    ["Copy the Python", async () => copyText((await checked()).python, "The Python is copied."), false],
    ["Numbers (CSV)", finished("csv"), true],
    ["Figure (PNG)", finished("png"), true],
    ["Figure (SVG)", finished("svg"), true],
  ];
  put(
    byId("export-items"),
    ...items.map(([text, act, needsRun]) =>
      el("button", {
        type: "button",
        text,
        "data-needs-run": needsRun || null,
        onclick: async function again() {
          menu.open = false;
          try {
            await act();
          } catch (error) {
            // A result that is not kept any more is run again; else the same is tried once more.
            lab.failed(error, error.status === 404 ? undefined : again);
          }
        },
      }),
    ),
  );
  menu.addEventListener("toggle", () => {
    for (const button of menu.querySelectorAll("[data-needs-run]")) button.disabled = !lab.run()?.ended;
  });
  document.addEventListener("pointerdown", (event) => {
    if (menu.open && !menu.contains(event.target)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  byId("copy-link").addEventListener("click", async () => {
    await copyText(location.href, "The link is copied.");
    const button = byId("copy-link");
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy link"), 1500);
  });
}
