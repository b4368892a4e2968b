/**
 * Gives other work of this thread its turn: signals, progress, messages of workers.
 *
 * @module
 */
import { setImmediate, setTimeout } from "node:timers/promises";

/** A turn that took longer than this is long. */
const LONG_TURN_MILLISECONDS = 100;

/** Resolves after the event loop went round once. */
export async function pause(): Promise<void> {
  await setImmediate();
}

/** Pauses between turns of work, some of which take long: compressing what was read, say. */
export class Pace {
  #turnStart = performance.now();

  /** Whether this turn has taken so long that a pause is due, however little was read. */
  get isLong(): boolean {
    return performance.now() - this.#turnStart > LONG_TURN_MILLISECONDS;
  }

  /** Ends this turn; others get theirs before the next begins. */
  async pause(): Promise<void> {
    // While it is never idle, the runtime looks for signals only once in some dozens of rounds:
    // soon enough after short turns. A timer, which takes a millisecond, makes it look.
    if (this.isLong) await setTimeout(1);
    else await setImmediate();
    this.#turnStart = performance.now();
  }
}
