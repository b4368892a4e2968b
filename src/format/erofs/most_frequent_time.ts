/**
 * The time that most inodes of an image have: they need not say it themselves.
 *
 * @module
 */

/** Different times that are counted. */
const TIMES_MAX = 4096;

/** A time. */
export interface Epoch {
  /** Seconds since 1970, not negative. */
  readonly seconds: number;
  /** Nanoseconds that are added. */
  readonly nanoseconds: number;
}

/** Counts times. */
export class TimeCounts {
  readonly #counts: { epoch: Epoch; count: number }[] = [];
  /** Where times are in `#counts`: by seconds, then by nanoseconds. */
  readonly #indexes = new Map<number, Map<number, number>>();

  /** Counts a time; those before 1970 do not matter. */
  add(seconds: number, nanoseconds: number): void {
    if (seconds < 0) return;
    let indexes = this.#indexes.get(seconds);
    const index = indexes?.get(nanoseconds);
    if (index !== undefined) {
      this.#counts[index].count++;
    } else if (this.#counts.length < TIMES_MAX) {
      if (indexes === undefined) this.#indexes.set(seconds, indexes = new Map());
      indexes.set(nanoseconds, this.#counts.length);
      this.#counts.push({ epoch: { seconds, nanoseconds }, count: 1 });
    }
  }

  /** The most frequent time; of equals the one that came first. */
  mostFrequent(): Epoch {
    let best = { epoch: { seconds: 0, nanoseconds: 0 }, count: 0 };
    for (const time of this.#counts) if (time.count > best.count) best = time;
    return best.epoch;
  }
}
