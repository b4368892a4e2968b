/**
 * A set of inode numbers: a bit for each, in pieces that are made when they are needed.
 *
 * @module
 */

/** Numbers in a piece. */
const PIECE_BITS = 32768;

/** A set of non-negative integers that stand close together. */
export class NumberSet {
  readonly #pieces = new Map<number, Uint8Array>();

  /** Adds a number; answers `false` where it was there. */
  add(number: number): boolean {
    const index = Math.floor(number / PIECE_BITS);
    let piece = this.#pieces.get(index);
    if (piece === undefined) {
      piece = new Uint8Array(PIECE_BITS / 8);
      this.#pieces.set(index, piece);
    }
    const bit = number % PIECE_BITS;
    const mask = 1 << bit % 8;
    if ((piece[bit >> 3] & mask) !== 0) return false;
    piece[bit >> 3] |= mask;
    return true;
  }

  /** Whether a number was added. */
  has(number: number): boolean {
    const piece = this.#pieces.get(Math.floor(number / PIECE_BITS));
    if (piece === undefined) return false;
    const bit = number % PIECE_BITS;
    return (piece[bit >> 3] & 1 << bit % 8) !== 0;
  }

  /** Removes all numbers. */
  clear(): void {
    this.#pieces.clear();
  }
}
