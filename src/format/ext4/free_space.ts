/**
 * The free blocks of an image as ranges: an image of 16 TiB costs no more than one of 16 MiB.
 *
 * @module
 */

/** Free blocks `[start, end)`. */
export interface BlockRange {
  /** First block. */
  readonly start: number;
  /** The block behind the last. */
  readonly end: number;
}

/** Free ranges in ascending order, from which runs of blocks are taken. */
export class FreeSpace {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  // Range from which a search for 2^k blocks and more may start: those before it are shorter.
  #hints: number[] = [];
  #freeCount = 0;

  /** Creates the free space from ranges, which may touch but not overlap; empty ones are dropped. */
  constructor(ranges: readonly BlockRange[]) {
    const sorted = ranges.filter((range) => range.end > range.start)
      .sort((a, b) => a.start - b.start);
    for (const { start, end } of sorted) {
      const last = this.#ends.length - 1;
      if (last >= 0 && start < this.#ends[last]) {
        throw new RangeError(`Cannot free block ${start}: it is free already`);
      }
      if (last >= 0 && start === this.#ends[last]) this.#ends[last] = end;
      else {
        this.#starts.push(start);
        this.#ends.push(end);
      }
      this.#freeCount += end - start;
    }
  }

  /** Blocks that are free. */
  get freeCount(): number {
    return this.#freeCount;
  }

  /** Takes the first run of `count` blocks; answers its first block, or -1 where there is none. */
  take(count: number): number {
    const level = Math.floor(Math.log2(count));
    const least = 2 ** level;
    let from = this.#hints[level] ?? 0;
    while (from < this.#starts.length && this.#length(from) < least) from++;
    this.#hints[level] = from;
    for (let i = from; i < this.#starts.length; i++) {
      if (this.#length(i) < count) continue;
      const start = this.#starts[i];
      this.#starts[i] += count;
      this.#freeCount -= count;
      return start;
    }
    return -1;
  }

  /** Takes the first run of `count` blocks that starts at `from` or behind it, or answers -1. */
  takeFrom(from: number, count: number): number {
    for (let i = this.#firstEndingAfter(from); i < this.#starts.length; i++) {
      const start = Math.max(this.#starts[i], from);
      const end = this.#ends[i];
      if (end - start < count) continue;
      this.#ends[i] = start;
      if (start + count < end) {
        this.#starts.splice(i + 1, 0, start + count);
        this.#ends.splice(i + 1, 0, end);
        this.#hints = []; // ranges moved
      }
      this.#freeCount -= count;
      return start;
    }
    return -1;
  }

  /** Takes the longest piece of at most `count` blocks that the first free range has, or `null`. */
  takePiece(count: number): BlockRange | null {
    for (let i = this.#hints[0] ?? 0; i < this.#starts.length; i++) {
      if (this.#length(i) === 0) continue;
      this.#hints[0] = i;
      const start = this.#starts[i];
      const end = Math.min(start + count, this.#ends[i]);
      this.#starts[i] = end;
      this.#freeCount -= end - start;
      return { start, end };
    }
    return null;
  }

  /** The free ranges that are left, ascending. */
  *ranges(): Generator<BlockRange> {
    for (let i = 0; i < this.#starts.length; i++) {
      if (this.#length(i) > 0) yield { start: this.#starts[i], end: this.#ends[i] };
    }
  }

  #length(i: number): number {
    return this.#ends[i] - this.#starts[i];
  }

  #firstEndingAfter(block: number): number {
    let low = 0;
    let high = this.#ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ends[middle] > block) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
