/**
 * A few blocks that were decompressed, by their position in the image.
 *
 * @module
 */

/** Keeps the blocks that were used last. */
export class BlockCache<T> {
  readonly #limit: number;
  // In the order of their last use.
  readonly #blocks = new Map<number, T>();

  /** Keeps at most `limit` blocks. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The block at `position`, where it is kept. */
  get(position: number): T | undefined {
    const block = this.#blocks.get(position);
    if (block === undefined) return undefined;
    this.#blocks.delete(position);
    this.#blocks.set(position, block);
    return block;
  }

  /** Keeps a block. */
  set(position: number, block: T): void {
    this.#blocks.set(position, block);
    if (this.#blocks.size <= this.#limit) return;
    this.#blocks.delete(this.#blocks.keys().next().value!);
  }
}
