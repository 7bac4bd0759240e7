// One object holds what the page shows. All of it stands in the link, beside the token, so every state is a link.

const TABLES = ["truth", "learner", "workflow"];
const NAMES = ["n_samples", "generations", "replicates", "seed", "engine", "streams", "save", ...TABLES];
const VIEWS = ["lab", "plan", "studies"];

export const state = {
  view: "lab",
  story: "",
  recipe: null,
  upload: "",
  replicate: null,
  log: false,
  at: null,
  study: "",
  plan: null,
};

const listeners = new Set();

/** Call `listener(changes, why)` after every change. */
export const subscribe = (listener) => listeners.add(listener);

/** Change some of the state; `why` tells listeners who did it. */
export function change(changes, why = "") {
  Object.assign(state, changes);
  for (const listener of listeners) listener(changes, why);
}

/** A deep copy of plain data. */
export const copy = (value) => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));

/** Only what a recipe can hold: known names, plain values. The server judges the values themselves. */
export function cleaned(raw) {
  if (!raw || typeof raw !== "object" || Array.isArray(raw)) return null;
  const recipe = {};
  for (const name of NAMES) {
    if (!Object.hasOwn(raw, name)) continue;
    const value = plain(raw[name], 4);
    if (value === undefined) continue;
    if (TABLES.includes(name) && (typeof value !== "object" || Array.isArray(value))) continue;
    recipe[name] = value;
  }
  return recipe;
}

function plain(value, depth) {
  if (typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value === "string") return value.slice(0, 1000);
  if (!depth || value === null || typeof value !== "object") return undefined;
  if (Array.isArray(value)) return value.slice(0, 1000).map((part) => plain(part, depth - 1) ?? 0);
  const kept = Object.entries(value).slice(0, 50).filter(([key]) => /^[a-z_]{1,40}$/.test(key) && key !== "__proto__");
  return Object.fromEntries(
    kept.map(([key, part]) => [key, plain(part, depth - 1)]).filter(([, part]) => part !== undefined),
  );
}

/** What a fragment says: `{token, view, story, recipe, ...}`; `unreadable` where a part of it makes no sense. */
export function read(fragment) {
  const parts = new URLSearchParams(fragment.replace(/^#/, ""));
  const found = { token: "", unreadable: false };
  const token = parts.get("token") ?? "";
  if (/^[0-9a-zA-Z_-]{8,128}$/.test(token)) found.token = token;
  const view = parts.get("view");
  if (VIEWS.includes(view)) found.view = view;
  found.log = parts.get("log") === "1";
  if (parts.has("story")) found.story = parts.get("story").slice(0, 100);
  if (/^[0-9a-f]{16,64}$/.test(parts.get("upload") ?? "")) found.upload = parts.get("upload");
  if (/^[0-9a-zA-Z._-]{1,100}$/.test(parts.get("study") ?? "")) found.study = parts.get("study");
  for (const [key, name] of [["at", "at"], ["replicate", "replicate"]]) {
    if (/^\d{1,9}$/.test(parts.get(key) ?? "")) found[name] = Number(parts.get(key));
  }
  for (const name of ["recipe", "plan"]) {
    if (!parts.has(name)) continue;
    try {
      const raw = JSON.parse(parts.get(name));
      found[name] = name === "recipe" ? cleaned(raw) : plain(raw, 2);
    } catch {
      found.unreadable = true;
    }
    if (!found[name] || typeof found[name] !== "object") {
      delete found[name];
      found.unreadable = true;
    }
  }
  return found;
}

/** The fragment that says all this. */
export function link(token) {
  const parts = new URLSearchParams();
  if (token) parts.set("token", token);
  if (state.view !== "lab") parts.set("view", state.view);
  if (state.story) parts.set("story", state.story);
  else if (state.recipe) parts.set("recipe", JSON.stringify(state.recipe));
  if (state.upload) parts.set("upload", state.upload);
  if (state.study) parts.set("study", state.study);
  if (state.plan && state.view === "plan") parts.set("plan", JSON.stringify(state.plan));
  if (state.at !== null) parts.set("at", String(state.at));
  if (state.log) parts.set("log", "1");
  if (state.replicate !== null) parts.set("replicate", String(state.replicate));
  return `#${parts}`;
}
