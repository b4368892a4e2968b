/**
 * Metadata on its way out: cut into blocks of 8192 bytes, each compressed on its own behind a head
 * of two bytes.
 *
 * @module
 */
import type { CompressBlock } from "../../compress/block_codec.ts";
import { setU64 } from "../../bytes/u64.ts";
import { ImageError } from "../../image_error.ts";
import type { SequentialOutput } from "./sequential_output.ts";
import { METADATA_SIZE } from "./superblock.ts";

/** Bit of the head of a block: it is not compressed. */
export const UNCOMPRESSED_METADATA = 0x8000;
/** Bytes of the head. */
export const METADATA_HEAD_SIZE = 2;
/** Last place of a block in its table: directories name it in 32 bits. */
const START_MAX = 0xffffffff;

/** A table under construction; it is kept in memory, compressed. */
export class MetadataTable {
  /** Where each block starts, bytes from the start of the table. */
  readonly blockStarts: number[] = [];
  readonly #compress: CompressBlock | null;
  readonly #block = new Uint8Array(METADATA_SIZE);
  readonly #packed = new Uint8Array(METADATA_SIZE);
  readonly #stored: Uint8Array[] = [];
  #fill = 0;
  #size = 0;

  /** Compresses blocks by `compress`, `null` for not at all. */
  constructor(compress: CompressBlock | null) {
    this.#compress = compress;
  }

  /** Where the block with the next byte starts, bytes from the start of the table. */
  get blockStart(): number {
    return this.#size;
  }

  /** Offset of the next byte in its block. */
  get offset(): number {
    return this.#fill;
  }

  /** Reference to the next byte. */
  get reference(): number {
    return this.#size * 65536 + this.#fill;
  }

  /** Appends `bytes`. */
  append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const count = Math.min(METADATA_SIZE - this.#fill, bytes.length - at);
      this.#block.set(bytes.subarray(at, at + count), this.#fill);
      this.#fill += count;
      at += count;
      if (this.#fill === METADATA_SIZE) this.#flush();
    }
  }

  /** Appends one struct of `size` bytes by its `write` function. */
  appendStruct<T>(
    size: number,
    write: (view: DataView, at: number, value: T) => void,
    value: T,
  ): void {
    const bytes = new Uint8Array(size);
    write(new DataView(bytes.buffer), 0, value);
    this.append(bytes);
  }

  /** Writes the whole table and answers where it starts. */
  writeTo(output: SequentialOutput): number {
    if (this.#fill > 0) this.#flush();
    const start = output.position;
    for (const stored of this.#stored) output.write(stored);
    this.#stored.length = 0;
    return start;
  }

  /** Writes the table, and behind it where its blocks are. Answers where that list starts. */
  writeWithPositions(output: SequentialOutput, head?: Uint8Array): number {
    const start = this.writeTo(output);
    const bytes = new Uint8Array(8 * this.blockStarts.length);
    const view = new DataView(bytes.buffer);
    this.blockStarts.forEach((blockStart, i) => setU64(view, 8 * i, start + blockStart));
    const listStart = output.position;
    if (head !== undefined) output.write(head);
    output.write(bytes);
    return listStart;
  }

  #flush(): void {
    if (this.#size > START_MAX) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot write squashfs metadata: a block is at ${this.#size} in its table, expected at most ` +
          `${START_MAX}`,
      );
    }
    const block = this.#block.subarray(0, this.#fill);
    const stored = storeMetadata(block, this.#compress, this.#packed);
    this.blockStarts.push(this.#size);
    this.#stored.push(stored);
    this.#size += stored.length;
    this.#fill = 0;
  }
}

/** A block with its head, compressed where that makes it smaller. */
export function storeMetadata(
  block: Uint8Array,
  compress: CompressBlock | null,
  packed: Uint8Array,
): Uint8Array {
  const size = compress === null ? 0 : compress(block, packed.subarray(0, block.length - 1));
  const bytes = size === 0 ? block : packed.subarray(0, size);
  const stored = new Uint8Array(METADATA_HEAD_SIZE + bytes.length);
  const head = bytes.length + (size === 0 ? UNCOMPRESSED_METADATA : 0);
  new DataView(stored.buffer).setUint16(0, head, true);
  stored.set(bytes, METADATA_HEAD_SIZE);
  return stored;
}
