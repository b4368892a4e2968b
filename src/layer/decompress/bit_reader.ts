/**
 * Bits of a blob, the most significant of each byte first.
 *
 * @module
 */
import type { BlobInput } from "../blob_input.ts";
import { truncated } from "./decompressor.ts";

/** Reads numbers of 1 to 24 bits, as bzip2 packs them. */
export class BitReader {
  readonly #input: BlobInput;
  // The low `#count` bits are still to be read.
  #bits = 0;
  #count = 0;

  /** Reads from the next byte of `input`. */
  constructor(input: BlobInput) {
    this.#input = input;
  }

  /** The next `count` (1 to 24) bits; throws `ImageError` `CORRUPT` at the end of the blob. */
  read(count: number): number {
    while (this.#count < count) {
      const byte = this.#input.readByte();
      if (byte < 0) throw truncated("bzip2", this.#input.position);
      // At most 23 bits were left, so that 31 are the most.
      this.#bits = (this.#bits << 8) | byte;
      this.#count += 8;
    }
    this.#count -= count;
    const value = (this.#bits >>> this.#count) & ((1 << count) - 1);
    this.#bits &= (1 << this.#count) - 1;
    return value;
  }

  /** The next 32 bits. */
  readWord(): number {
    return this.read(16) * 0x1_0000 + this.read(16);
  }

  /** Drops what is left of the last byte: the next bit is the first of one. */
  align(): void {
    // Whole bytes are never left: each is fetched only when a bit of it is wanted.
    this.#bits = 0;
    this.#count = 0;
  }
}
