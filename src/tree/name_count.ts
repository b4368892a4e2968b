/**
 * How many names a tree may have.
 *
 * @module
 */
import { ImageError } from "../image_error.ts";

/**
 * The most names of a tree. A `Map` or `Set` of JavaScript has room for 2^24, and there are several
 * with something for each file or each name of a directory; what formats add has room beside it.
 */
export const TREE_NAMES_MAX = 16_000_000;

/** Counts the names of a tree that grows. */
export class NameCount {
  readonly #max: number;
  #count = 0;

  /** Nothing was counted yet; `max` is how many there may be. */
  constructor(max: number = TREE_NAMES_MAX) {
    this.#max = max;
  }

  /** One name more. Throws `ImageError` `LIMIT_EXCEEDED`. */
  add(): void {
    if (++this.#count <= this.#max) return;
    throw new ImageError(
      "LIMIT_EXCEEDED",
      `Cannot read tree: it has more than ${this.#max} names, expected at most that many`,
    );
  }
}
