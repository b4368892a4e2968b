/**
 * Which blocks the parts of an image claim, to find blocks that are claimed twice.
 *
 * @module
 */

/** Ranges of blocks, in growing arrays of numbers: an object for each would be too much. */
export class ClaimedBlocks {
  #starts = new Float64Array(64);
  #ends = new Float64Array(64);
  #rangeCount = 0;
  #blockCount = 0;

  /** Blocks that were claimed so far; a block that was claimed twice counts twice. */
  get blockCount(): number {
    return this.#blockCount;
  }

  /** Claims `count` blocks. */
  add(start: number, count: number): void {
    if (this.#rangeCount === this.#starts.length) {
      this.#starts = grown(this.#starts);
      this.#ends = grown(this.#ends);
    }
    this.#starts[this.#rangeCount] = start;
    this.#ends[this.#rangeCount] = start + count;
    this.#rangeCount++;
    this.#blockCount += count;
  }

  /** A block that was claimed twice, `null` where there is none. Forgets all claims. */
  findOverlap(): number | null {
    // Ranges overlap exactly where the next start is in front of an end, both sorted by themselves.
    const starts = this.#starts.subarray(0, this.#rangeCount).sort();
    const ends = this.#ends.subarray(0, this.#rangeCount).sort();
    this.#starts = new Float64Array(64);
    this.#ends = new Float64Array(64);
    this.#rangeCount = 0;
    for (let i = 0; i + 1 < starts.length; i++) {
      if (starts[i + 1] < ends[i]) return starts[i + 1];
    }
    return null;
  }
}

function grown(array: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * array.length);
  larger.set(array);
  return larger;
}
