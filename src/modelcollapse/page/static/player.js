// Which generation is shown: play and pause, step, scrub. It plays what has arrived, and waits for more.

import { byId, still, write } from "./dom.js";
import { whole } from "./format.js";

const WHOLE_RUN = 14;
const FASTEST = 60;
const CALM = 500;

export class Player {
  /** @param shown called with the place, once a picture at most; says whether the picture still moves */
  constructor(shown) {
    this.shown = shown;
    this.run = null;
    this.place = 0;
    this.playing = false;
    this.goal = null;
    this.scrub = byId("scrub");
    this.button = byId("play");
    this.where = byId("where");
    this.arrived = byId("arrived");
    this.button.addEventListener("click", () => this.toggle());
    byId("to-first").addEventListener("click", () => this.jump(0));
    byId("step-back").addEventListener("click", () => this.step(-1));
    byId("step-on").addEventListener("click", () => this.step(1));
    byId("to-last").addEventListener("click", () => this.jump(Infinity));
    this.scrub.addEventListener("input", () => this.jump(Number(this.scrub.value)));
    document.addEventListener("keydown", (event) => this.#key(event));
    this.frame = this.frame.bind(this);
  }

  /** Show another run: from its start, or at generation `at` where one is asked for. */
  show(run, { playing = true, at = null } = {}) {
    this.run = run;
    this.place = 0;
    this.goal = at;
    this.drawn = -1;
    this.said = -Infinity;
    if (still() && at === null) {
      this.goal = Infinity;
      playing = false;
    }
    this.#set(playing && at === null);
    this.#limits();
    this.wake();
  }

  /** Draw the same place again: something else about it has changed. */
  again() {
    this.drawn = -1;
    this.wake();
  }

  /** More has arrived, or nothing more will. */
  grown() {
    this.#limits();
    this.wake();
  }

  #limits() {
    const last = Math.max(this.run.length - 1, 0);
    const expected = this.run.over ? last : Math.max(this.run.expected ?? 0, last);
    this.scrub.max = String(Math.max(expected, 1));
    this.arrived.style.width = `${expected ? (100 * last) / expected : 0}%`;
  }

  /** The place of a generation that is asked for, as far as it has arrived. */
  #follow() {
    const last = Math.max(this.run.length - 1, 0);
    this.place = this.goal === Infinity ? last : Math.min(this.run.place(this.goal), last);
    if (this.run.over || (this.goal !== Infinity && this.run.t.at(last) >= this.goal)) {
      if (this.goal !== Infinity) this.goal = null;
    }
  }

  wake() {
    this.ticking ??= requestAnimationFrame(this.frame);
  }

  frame(now) {
    this.ticking = null;
    if (!this.run) return;
    const last = Math.max(this.run.length - 1, 0);
    const passed = Math.min((now - (this.before ?? now)) / 1000, 0.1);
    this.before = now;
    if (this.playing) {
      const total = Math.max(this.run.expected ?? 0, last, 1);
      const speed = Number(byId("speed").value);
      const rate = Math.min(Math.max(total / WHOLE_RUN, 6), FASTEST) * speed;
      this.place = Math.min(this.place + rate * passed, last);
      if (this.place >= last && this.run.over) this.#set(false);
    } else if (this.goal !== null) {
      this.#follow();
    }
    const here = Math.floor(this.place);
    // With reduced motion pictures change in jumps while a run streams in, not many times a second.
    const calm = still() && !this.run.over && now - this.said < CALM;
    let moves = calm && this.drawn !== here;
    if (!calm) {
      this.said = now;
      this.#tell(here);
      moves = this.shown(here, this.drawn !== here);
      this.drawn = here;
    }
    // At the newest picture there is nothing to draw until more has arrived: `grown` goes on.
    if (moves || (this.playing && this.place < last)) this.wake();
    else this.before = undefined;
  }

  #tell(here) {
    this.scrub.value = String(here);
    const t = this.run.length ? this.run.t.at(here) : 0;
    write(this.where, `${whole(t)} of ${whole(this.run.generations)}`);
    this.scrub.setAttribute("aria-valuetext", `generation ${whole(t)} of ${whole(this.run.generations)}`);
    const last = this.run.length - 1;
    byId("step-back").disabled = byId("to-first").disabled = here <= 0;
    byId("step-on").disabled = byId("to-last").disabled = here >= last && this.run.over;
  }

  #set(playing) {
    if (playing !== this.playing) this.drawn = -1; // where it stops belongs to the link
    this.playing = playing;
    this.button.classList.toggle("playing", playing);
    this.button.setAttribute("aria-label", playing ? "Pause" : "Play");
  }

  toggle() {
    if (!this.run) return;
    const atEnd = this.place >= this.run.length - 1 && this.run.over;
    if (!this.playing && atEnd) this.place = 0;
    this.goal = null;
    this.#set(!this.playing);
    this.wake();
  }

  /** Stop, and go to a place. */
  jump(place) {
    if (!this.run) return;
    this.#set(false);
    const last = Math.max(this.run.length - 1, 0);
    this.goal = place === Infinity ? Infinity : null;
    this.place = Math.min(Math.max(place, 0), last);
    this.wake();
  }

  step(by) {
    this.jump(Math.floor(this.place) + by);
  }

  /** Stop, and go to a generation. */
  toGeneration(t) {
    if (this.run) this.jump(this.run.place(t));
  }

  /** The generation that is shown; null while it plays, or follows the newest. */
  get generation() {
    if (!this.run?.length || this.playing) return null;
    return this.run.t.at(Math.floor(this.place));
  }

  /** Where the reader has stopped, as something for `show`: at a generation, at the end, or playing. */
  get stopped() {
    if (this.playing || !this.run) return null;
    const last = this.run.length - 1;
    if (this.goal !== null) return this.goal;
    return this.place >= last ? Infinity : this.run.t.at(Math.floor(this.place));
  }

  #key(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const busy = event.target.closest?.("input, select, textarea, button, summary, a, [tabindex='0']");
    if (busy && event.target.id !== "stage") return;
    if (event.key === " ") this.toggle();
    else if (event.key === "ArrowRight") this.step(1);
    else if (event.key === "ArrowLeft") this.step(-1);
    else return;
    event.preventDefault();
  }
}
