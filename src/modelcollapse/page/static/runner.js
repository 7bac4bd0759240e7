// Runs: one at a time, the last one asked for. Leaving one cancels its computation.

import { Gone, Refused, stream } from "./api.js";
import { Run } from "./record.js";

const PATIENCE = 8;

export class Runner {
  /** @param on {waiting(text), working(), started(run), grown(run), ended(run, end), refused(problems, text), failed(error)} */
  constructor(on) {
    this.on = on;
    this.abort = null;
  }

  /** Is something computed? */
  get busy() {
    return this.abort !== null;
  }

  /** Stop what is computed. */
  stop() {
    this.abort?.abort();
    this.abort = null;
  }

  /** Start a run in the place of the one before. */
  async start(body) {
    this.stop();
    const abort = new AbortController();
    this.abort = abort;
    try {
      for (let attempt = 0; ; attempt++) {
        try {
          await this.#once(body, abort);
          break;
        } catch (error) {
          if (!(error instanceof Refused && error.status === 429) || attempt >= PATIENCE) throw error;
          const wait = Math.min(Math.max(error.retry || 1, 0.3), 10);
          this.on.waiting(`The laboratory is busy with other runs. Trying again in ${Math.ceil(wait)} s.`);
          await pause(1000 * wait, abort.signal);
        }
      }
    } catch (error) {
      if (abort.signal.aborted || error.name === "AbortError") return;
      if (error instanceof Refused && error.status === 422) this.on.refused(error.problems, error.message);
      else this.on.failed(error);
    } finally {
      if (this.abort === abort) this.abort = null;
    }
  }

  async #once(body, abort) {
    let run = null;
    let finished = false;
    let waits = false;
    const take = (line) => {
      if (abort.signal.aborted) return;
      if (line.type === "waiting") {
        waits = true;
        this.on.waiting("Other runs are under way. This one waits, and begins when one of them has ended.");
      } else if (line.type === "start") {
        run = new Run(line);
        this.on.started(run);
      } else if (line.type === "frames") {
        if (waits) this.on.working();
        waits = false;
        run.add(line);
        this.on.grown(run);
      } else if (line.type === "end") {
        finished = true;
        run.ended = line;
        if (this.abort === abort) this.abort = null;
        this.on.ended(run, line);
      } else if (line.type === "error") {
        finished = true;
        throw new Refused(500, line, 0);
      }
    };
    try {
      await stream("/api/runs", body, abort.signal, take);
    } finally {
      if (run && !run.ended) {
        run.brokenOff = true;
        this.on.grown(run);
      }
    }
    if (!finished && !abort.signal.aborted) throw new Gone("the answer broke off");
  }
}

function pause(time, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, time);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("stopped", "AbortError"));
    });
  });
}
