/**
 * Small byte arrays that live as long as each other, side by side in common memory.
 *
 * @module
 */

/** Bytes that are allocated at once. */
const SLAB_SIZE = 64 * 1024;

/**
 * Gives out arrays of zeros. One that has its memory for itself costs several hundred bytes besides,
 * which counts where there are a million.
 */
export class ByteSlab {
  #slab = new Uint8Array(0);
  #fill = 0;

  /** The next array of `size` bytes. */
  take(size: number): Uint8Array<ArrayBuffer> {
    if (size > SLAB_SIZE) return new Uint8Array(size);
    if (size > this.#slab.length - this.#fill) {
      this.#slab = new Uint8Array(SLAB_SIZE);
      this.#fill = 0;
    }
    return this.#slab.subarray(this.#fill, this.#fill += size);
  }
}
