// The page: reads the link, starts the laboratory, and ties its parts together.

import { Address } from "./address.js";
import { get, post, useToken } from "./api.js";
import { banner, checkVersion, clearBanner, pageVersion, tellError } from "./banner.js";
import { onColours, startColours } from "./colours.js";
import { Controls } from "./controls.js";
import { Density } from "./density.js";
import { byId, el, put, say, settle, write } from "./dom.js";
import { startExports } from "./exports.js";
import { clearProblems, showProblems } from "./fields.js";
import { duration } from "./format.js";
import { Panels, showAfter } from "./panels.js";
import { Planner } from "./planner.js";
import { Player } from "./player.js";
import { Runner } from "./runner.js";
import { sentence } from "./sentence.js";
import { change, copy, read, state, subscribe } from "./state.js";
import { Stories } from "./stories.js";
import { Studies } from "./study.js";

const SETTLE = 260;
const SETTLE_DRAG = 120;
const LONG = 20;

let about;
let run = null;
let latest = null;
let stopped = null;

const chosen = () => Math.min(state.replicate ?? run?.look ?? 0, (run?.replicates ?? 1) - 1);
const lab = {
  chosen,
  pick: (x) => player.toGeneration(Math.round(x)),
  run: () => run,
  log: () => state.log,
  onLog: (log) => {
    change({ log }, "log");
    panels.grown();
  },
  failed: (error, again = start) => tellError(error, again),
};

startColours();
const player = new Player(draw);
const density = new Density(lab);
const panels = new Panels(lab);
const runner = new Runner({
  waiting,
  working,
  started,
  grown,
  ended,
  refused: (problems, text) => refused(problems, text),
  failed: (error) => {
    busy(false);
    write(byId("running"), "");
    lab.failed(error);
  },
});
let stories, controls, planner, studies, address;

// -- What is computed ----------------------------------------------------------------------------------------

/** How many runs were started: what was asked for before the last one is no longer wanted. */
let starts = 0;

/** Run the state's recipe. `fast`: a drag goes on, and a rough answer will do. */
function start({ fast = false } = {}) {
  starts++;
  clearBanner();
  clearProblems(byId("controls"));
  put(byId("problems"));
  busy(true);
  // What is still shown is the last run's: it fades, unless the next one comes at once.
  document.body.classList.toggle("stale", !fast && latest !== null);
  runner.start({ recipe: state.recipe, fast: fast === true, ...(state.upload ? { upload: state.upload } : {}) });
}

/** It has to wait: what is shown by then is the truth alone. */
function waiting(text) {
  write(byId("running"), text);
  say(text);
}

function working() {
  write(byId("running"), "Computing …");
}

function started(next) {
  const keep = latest === null ? null : stopped;
  run = next;
  latest = next;
  document.body.classList.remove("stale");
  const story = stories.find(state.story);
  run.look = story?.look?.replicate ?? run.shown;
  density.show(run);
  panels.show(run);
  replicates();
  const at = state.at ?? keep;
  player.show(run, { at });
  working();
  firstPicture();
}

function grown(which) {
  if (which !== run) return;
  player.grown();
  panels.grown();
}

function ended(which, end) {
  if (which !== run) return;
  busy(false);
  player.grown();
  panels.grown();
  showAfter(run, end);
  density.describe();
  write(byId("running"), end.sentence ?? "");
  say(end.sentence ?? "The run has ended.");
}

function refused(problems, text) {
  busy(false);
  write(byId("running"), "");
  showProblems(byId("controls"), problems, byId("problems"));
  if (!problems.length) byId("problems").append(el("li", { text }));
  const first = byId("controls").querySelector("[aria-invalid]");
  say(`${text} ${problems.map((one) => `${one.field}: ${one.allowed}`).join("; ")}`);
  if (!first && !run) banner(text, ["Back to the first story", () => tell(about.stories[0])]);
}

function busy(going) {
  const button = byId("run");
  button.classList.toggle("busy", going);
  button.textContent = going ? "Stop" : "Run";
  document.body.classList.toggle("computing", going);
  if (!going) document.body.classList.remove("stale");
}

let pictured = false;
function firstPicture() {
  if (pictured) return;
  pictured = true;
  requestAnimationFrame(() => requestAnimationFrame(() => performance.mark("first-picture")));
}

// -- What is shown -------------------------------------------------------------------------------------------

let saidAt = -1;
const settled = settle(() => {
  density.describe();
  if (!player.playing && run?.ended) keepPlace();
}, 300);

/** Show a place of the run; the player calls it, once a picture. Returns whether the picture still moves. */
function draw(place, fresh) {
  if (!run) return false;
  const moves = density.go(place);
  if (!run.length) return moves;
  // While it plays, a sentence for each picture would drown everything else that is read out.
  byId("sentence").setAttribute("aria-live", player.playing ? "off" : "polite");
  const t = run.t.at(place);
  panels.mark(t);
  if (fresh || saidAt !== t) {
    saidAt = t;
    write(byId("sentence"), sentence(run, place));
    settled();
  }
  return moves;
}

function replicates() {
  const select = byId("replicate");
  const many = run.open ? run.replicates : Math.min(run.replicates, 500);
  if (select.options.length !== many) {
    put(select, ...Array.from({ length: many }, (_, k) => el("option", { value: k, text: String(k + 1) })));
  }
  select.value = String(chosen());
}

byId("replicate").addEventListener("change", (event) => {
  change({ replicate: Number(event.target.value) }, "replicate");
  player.again();
  density.describe();
  panels.grown();
});

/** The generation one has stopped at belongs to the link. */
function keepPlace() {
  const { generation } = player;
  const at = generation === null || generation === run.generations ? null : generation;
  if (at !== state.at) change({ at }, "place");
}

onColours(() => {
  if (run) density.go(density.place);
});

// -- What is chosen ------------------------------------------------------------------------------------------

function tell(story) {
  stopped = null;
  change({ view: "lab", story: story.id, recipe: address.filled(copy(story.recipe)), upload: "", at: null, replicate: null, log: Boolean(story.look?.log) }, "story");
}

/** Ask what it takes, then run it; `before` is how many runs there were when it was edited. */
const checkThenRun = settle(async (before) => {
  const asked = state.recipe;
  try {
    const answer = await post("/api/check", { recipe: asked, ...(state.upload ? { upload: state.upload } : {}) });
    if (asked !== state.recipe || before !== starts) return;
    clearProblems(byId("controls"));
    put(byId("problems"));
    const seconds = answer.cost?.seconds;
    const long = seconds > LONG;
    write(byId("cost"), [long || !byId("auto").checked ? `It takes ${duration(seconds)}.` : "", ...(answer.notes ?? [])].join(" ").trim());
    if (byId("auto").checked && !long) start();
    else if (runner.busy && before === starts) {
      runner.stop();
      busy(false);
    }
  } catch (error) {
    if (asked !== state.recipe || before !== starts) return;
    runner.stop();
    if (error.status === 422) refused(error.problems, error.message);
    else {
      busy(false);
      lab.failed(error);
    }
  }
}, SETTLE);
const dragRun = settle(() => byId("auto").checked && start({ fast: true }), SETTLE_DRAG);

/** The recipe was edited by hand. */
function edited(going) {
  stopped = player.stopped;
  if (going) {
    dragRun();
    return;
  }
  dragRun.cancel();
  checkThenRun(starts);
}

byId("controls").addEventListener("submit", (event) => {
  event.preventDefault();
  if (runner.busy) {
    runner.stop();
    busy(false);
    write(byId("running"), "Stopped.");
  } else {
    stopped = null;
    start();
  }
});

byId("views").addEventListener("click", (event) => {
  const view = event.target.closest("button")?.dataset.view;
  if (view && view !== state.view) change({ view }, "view");
});

byId("skip").addEventListener("click", (event) => {
  event.preventDefault();
  byId("stage").focus();
  byId("stage").scrollIntoView();
});

function showView(why) {
  for (const button of byId("views").children) {
    if (button.dataset.view === state.view) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
  }
  for (const view of ["lab", "plan", "studies"]) byId(`view-${view}`).hidden = view !== state.view;
  if (state.view === "lab" && why === "view" && !run) start();
  if (state.view !== "lab") firstPicture();
  if (state.view === "plan") planner.show();
  if (state.view === "studies") studies.show();
}

subscribe((changes, why) => {
  if (["story", "link", "view"].includes(why)) showView(why);
  if (why === "story" || why === "link") {
    controls.show();
    stories.mark(state.story);
    clearProblems(byId("controls"));
    write(byId("cost"), "");
    if (state.view === "lab") start();
    else run = null;
  }
  if (why === "controls") stories.mark("");
  // A step that the browser's "back" undoes: another story or view, and the first change of a story.
  const left = why === "controls" && location.hash.includes("story=");
  address.remember(["story", "view"].includes(why) || left || (why === "link" && !("fromLink" in changes)));
});

// -- The link ------------------------------------------------------------------------------------------------

/** Go where the address says. */
function follow() {
  stopped = null;
  address.follow();
}

window.addEventListener("hashchange", () => {
  if (address?.isOurs()) follow();
});

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && about) checkVersion();
});

/** What there is: as it was asked for before the modules came, or anew. */
async function early() {
  const asked = window.earlyAbout;
  window.earlyAbout = null;
  try {
    const answer = await asked;
    if (answer?.ok) return await answer.json();
  } catch {
    // Asked again below.
  }
  return get("/api/about");
}

async function open() {
  const { token } = read(location.hash);
  useToken(token);
  try {
    about = await early();
  } catch (error) {
    lab.failed(error, open);
    return;
  }
  pageVersion(about.version);
  byId("version").textContent = `modelcollapse ${about.version}`;
  stories = new Stories(about.stories, tell);
  controls = new Controls(about, edited, (body) => post("/api/upload", body));
  planner = new Planner(about, lab.failed);
  studies = new Studies(about, lab.failed);
  startExports(lab);
  address = new Address(about, stories);
  follow();
}

open();
