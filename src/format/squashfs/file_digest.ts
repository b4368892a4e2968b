/**
 * What tells equal files: their size, which of their blocks are zeros, and the SHA-256 of the rest.
 *
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import { byteStringFrom } from "../../bytes/byte_string.ts";

/** Bytes of the digest that are kept: 160 bits, and less memory for each file. */
const DIGEST_SIZE = 20;

/** Takes in a file, block by block. */
export class FileDigest {
  readonly #size: number;
  #hash: Hash | null = null;
  // Runs of blocks of zeros, as text; the last is open.
  #holes = "";
  #holeStart = -1;
  #holeEnd = -1;

  /** A file of `size` bytes. */
  constructor(size: number) {
    this.#size = size;
  }

  /** The next bytes that are not a block of zeros. */
  data(bytes: Uint8Array): void {
    this.#hash ??= createHash("sha256");
    this.#hash.update(bytes);
  }

  /** Block `index` is zeros. */
  hole(index: number): void {
    if (index !== this.#holeEnd) {
      this.#closeHole();
      this.#holeStart = index;
    }
    this.#holeEnd = index + 1;
  }

  /** A text that equal files have in common, and no others; `null` for a file without any data. */
  key(): string | null {
    if (this.#hash === null) return null;
    this.#closeHole();
    const digest = byteStringFrom(this.#hash.digest(), 0, DIGEST_SIZE);
    return `${this.#size} ${this.#holes}${digest}`;
  }

  #closeHole(): void {
    if (this.#holeStart >= 0) this.#holes += `${this.#holeStart}-${this.#holeEnd} `;
    this.#holeStart = -1;
  }
}
