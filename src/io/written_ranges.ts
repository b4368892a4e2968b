/**
 * Which bytes of an output were written.
 *
 * @module
 */

/** A set of byte ranges, kept as sorted, disjoint, non-adjacent `[start, end)` pairs. */
export class WrittenRanges {
  /** Starts and ends in turn: `[start0, end0, start1, end1, …]`, strictly increasing. */
  readonly #bounds: number[] = [];

  /** End of the last range, 0 where there is none. */
  get end(): number {
    return this.#bounds.length === 0 ? 0 : this.#bounds[this.#bounds.length - 1];
  }

  /** How many separate ranges there are. */
  get count(): number {
    return this.#bounds.length / 2;
  }

  /** Adds the bytes `[start, end)`. */
  add(start: number, end: number): void {
    if (end <= start) return;
    const bounds = this.#bounds;
    // Writers go forward most of the time: extend the last range or append one.
    if (start > this.end || bounds.length === 0) {
      bounds.push(start, end);
      return;
    }
    if (start >= bounds[bounds.length - 2]) {
      if (end > this.end) bounds[bounds.length - 1] = end;
      return;
    }
    // Ranges that overlap or touch [start, end) melt into one.
    const first = this.#firstEndingAtOrAfter(start);
    let last = first;
    while (last < this.count && bounds[2 * last] <= end) last++;
    if (last > first) {
      start = Math.min(start, bounds[2 * first]);
      end = Math.max(end, bounds[2 * last - 1]);
    }
    bounds.splice(2 * first, 2 * (last - first), start, end);
  }

  /** The ranges of `[0, size)` that were not written, in order. */
  *gaps(size: number): Generator<{ start: number; end: number }> {
    let position = 0;
    for (let i = 0; i < this.#bounds.length && this.#bounds[i] < size; i += 2) {
      if (this.#bounds[i] > position) yield { start: position, end: this.#bounds[i] };
      position = this.#bounds[i + 1];
    }
    if (position < size) yield { start: position, end: size };
  }

  /** The written parts of `[start, end)`, in order. */
  *within(start: number, end: number): Generator<{ start: number; end: number }> {
    const bounds = this.#bounds;
    for (let i = this.#firstEndingAtOrAfter(start); i < this.count; i++) {
      if (bounds[2 * i] >= end) return;
      const part = { start: Math.max(start, bounds[2 * i]), end: Math.min(end, bounds[2 * i + 1]) };
      if (part.start < part.end) yield part;
    }
  }

  /** Forgets all from `position` on. */
  cut(position: number): void {
    const bounds = this.#bounds;
    while (this.end > position) {
      const start = bounds[bounds.length - 2];
      if (start < position) bounds[bounds.length - 1] = position;
      else bounds.length -= 2;
    }
  }

  /** Index of the first range whose end is not below `position`; ends increase, so by halving. */
  #firstEndingAtOrAfter(position: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#bounds[2 * middle + 1] < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
