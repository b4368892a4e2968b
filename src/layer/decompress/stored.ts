/**
 * No compression: the blob is the tar.
 *
 * @module
 */
import type { BlobInput } from "../blob_input.ts";
import type { Decompressor } from "./decompressor.ts";

/** Hands the blob on as it is. */
export class StoredDecompressor implements Decompressor {
  readonly #input: BlobInput;

  /** Reads from `input`. */
  constructor(input: BlobInput) {
    this.#input = input;
  }

  /** See {@linkcode Decompressor.pull}. */
  pull(into: Uint8Array): number {
    let filled = 0;
    while (filled < into.length) {
      const next = this.#input.readInto(into, filled);
      if (next === filled) break;
      filled = next;
    }
    return filled;
  }

  /** See {@linkcode Decompressor.close}. */
  close(): void {}
}
