/**
 * The bytes of compressed files: cut into pieces of equal size, each compressed on its own by the
 * pool, and placed in order when they come back. A piece that would not save a block is kept as it
 * is.
 *
 * @module
 */
import { divideUp } from "../../bytes/align.ts";
import { CompressPool } from "../../compress/compress_pool.ts";
import type { FileWriter } from "../image_format.ts";
import { CompressedContent, type ErofsContent } from "./content.ts";
import type { DataBlocks } from "./data_blocks.ts";
import type { ErofsCompression } from "./options.ts";

/** Larger files are not compressed: the index of a hole would take 8 bytes for each block. */
export const COMPRESSED_SIZE_MAX = 8 * 1024 ** 3;

/** Places one file after the other. */
export class CompressedPlacer implements FileWriter<ErofsContent> {
  readonly #blocks: DataBlocks;
  readonly #pool: CompressPool;
  readonly #clusterSize: number;
  readonly #piece: Uint8Array;
  #content: CompressedContent | null = null;
  #size = 0;
  #position = 0;
  #fill = 0;

  /** Starts the workers. */
  constructor(
    blocks: DataBlocks,
    { codec, level, clusterSize }: ErofsCompression,
    workers: number,
  ) {
    this.#blocks = blocks;
    this.#clusterSize = clusterSize;
    this.#piece = new Uint8Array(clusterSize);
    this.#pool = new CompressPool({
      compression: { codec, level },
      blockSize: clusterSize,
      workers,
    });
  }

  /** Begins a file of `size` (> 0) bytes. Throws `TypeError` while another one is open. */
  begin(size: number): FileWriter<ErofsContent> {
    if (this.#content !== null) throw new TypeError("Cannot begin a file: another one is open");
    const pieceClusters = this.#clusterSize / this.#blocks.blockSize;
    this.#content = new CompressedContent(divideUp(size, this.#clusterSize), pieceClusters);
    this.#size = size;
    this.#position = 0;
    this.#fill = 0;
    return this;
  }

  /** The next bytes of the file. */
  write(bytes: Uint8Array): void {
    this.#checkRoom(bytes.length);
    const clusterSize = this.#clusterSize;
    for (let at = 0; at < bytes.length;) {
      if (this.#fill === 0 && bytes.length - at >= clusterSize) {
        this.#submit(bytes.subarray(at, at + clusterSize));
        at += clusterSize;
        continue;
      }
      const count = Math.min(bytes.length - at, clusterSize - this.#fill);
      this.#piece.set(bytes.subarray(at, at + count), this.#fill);
      this.#grow(count);
      at += count;
    }
  }

  /** The next `byteCount` bytes are zeros. */
  skip(byteCount: number): void {
    if (!Number.isSafeInteger(byteCount) || byteCount < 0) {
      throw new RangeError(`Cannot skip ${byteCount} bytes`);
    }
    this.#checkRoom(byteCount);
    for (let left = byteCount; left > 0;) {
      const count = Math.min(left, this.#clusterSize - this.#fill);
      this.#piece.fill(0, this.#fill, this.#fill + count);
      this.#grow(count);
      left -= count;
    }
  }

  /** Ends the file and answers where its bytes are; that is known after `drain`. */
  end(): ErofsContent {
    const content = this.#content;
    if (content === null) throw new TypeError("Cannot end a file: none is open");
    if (this.#position !== this.#size) {
      throw new RangeError(
        `Cannot end a file of ${this.#size} bytes: ${this.#size - this.#position} are missing`,
      );
    }
    if (this.#fill > 0) this.#submit(this.#piece.subarray(0, this.#fill));
    this.#fill = 0;
    this.#content = null;
    return content;
  }

  /** Waits until everything is placed. */
  drain(): void {
    this.#pool.drain();
  }

  /** Ends the workers. */
  close(): void {
    this.#pool.close();
  }

  #checkRoom(byteCount: number): void {
    if (this.#content === null) throw new TypeError("Cannot write to a file: none is open");
    if (this.#position + byteCount > this.#size) {
      throw new RangeError(`Cannot write more than the ${this.#size} bytes of the file`);
    }
    this.#position += byteCount;
  }

  #grow(byteCount: number): void {
    this.#fill += byteCount;
    if (this.#fill < this.#clusterSize) return;
    this.#fill = 0;
    this.#submit(this.#piece);
  }

  #submit(piece: Uint8Array): void {
    const content = this.#content!;
    this.#pool.submit(piece, (compressed, original) => this.#place(content, compressed, original));
  }

  #place(content: CompressedContent, compressed: Uint8Array | null, original: Uint8Array): void {
    const { blockSize, nextBlock } = this.#blocks;
    const clusters = divideUp(original.length, blockSize);
    let blocks = compressed === null ? clusters : divideUp(compressed.length, blockSize);
    if (compressed === null || blocks >= clusters) {
      blocks = clusters;
      this.#blocks.appendPadded(original, "behind");
    } else {
      // Zeros in front are how the kernel finds the start: a deflate stream whose first block is
      // stored may begin with one, and has five bits there that mean nothing.
      if (compressed[0] === 0) compressed[0] = 0x08;
      this.#blocks.appendPadded(compressed, "in front");
      content.isSmaller = true;
    }
    if (content.pieceCount === 0) content.startBlock = nextBlock;
    content.pieceBlocks[content.pieceCount++] = blocks;
    content.blockCount += blocks;
  }
}
