/**
 * The bytes of compressed files: cut into pieces of equal size, each compressed on its own by the
 * pool, and placed in order when they come back. A piece that would not save a block is kept as it
 * is, pieces of zeros are stored together. A file that is nearly all zeros is not compressed.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { divideUp } from "../../bytes/align.ts";
import { CompressPool } from "../../compress/compress_pool.ts";
import type { FileWriter } from "../image_format.ts";
import { CompressedZeros } from "./compressed_zeros.ts";
import { CompressedContent, type ErofsContent } from "./content.ts";
import type { DataBlocks } from "./data_blocks.ts";
import type { DataPlacer } from "./data_placer.ts";
import { HOLE_SIZE } from "./file_placement.ts";
import { KeptData } from "./kept_data.ts";
import type { ErofsCompression } from "./options.ts";

/** Larger files are not compressed: the index of a hole would take 8 bytes for each block. */
export const COMPRESSED_SIZE_MAX = 8 * 1024 ** 3;
/** What is submitted so that the listener is called in its turn. */
const MARK = new Uint8Array(1);

/** Places one file after the other. */
export class CompressedPlacer implements FileWriter<ErofsContent> {
  readonly #blocks: DataBlocks;
  readonly #plain: DataPlacer;
  readonly #pool: CompressPool;
  readonly #compression: ErofsCompression;
  readonly #clusterSize: number;
  readonly #piece: Uint8Array;
  readonly #zeroPiece: Buffer;
  #zeros: CompressedZeros | null = null;
  #content: CompressedContent | null = null;
  #size = 0;
  #position = 0;
  #fill = 0;
  // The data so far, while the file may still be nearly all zeros.
  #kept: KeptData | null = null;
  // Pieces that are complete, and up to where they are on their way.
  #pieceCount = 0;
  #submittedCount = 0;

  /** Starts the workers; what is not compressed after all goes to `plain`. */
  constructor(
    blocks: DataBlocks,
    plain: DataPlacer,
    compression: ErofsCompression,
    workers: number,
  ) {
    const { codec, level, clusterSize } = compression;
    this.#blocks = blocks;
    this.#plain = plain;
    this.#compression = compression;
    this.#clusterSize = clusterSize;
    this.#piece = new Uint8Array(clusterSize);
    this.#zeroPiece = Buffer.alloc(clusterSize);
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
    this.#kept = size >= HOLE_SIZE ? new KeptData(size) : null;
    this.#pieceCount = 0;
    this.#submittedCount = 0;
    return this;
  }

  /** The next bytes of the file. */
  write(bytes: Uint8Array): void {
    this.#checkRoom(bytes.length);
    const clusterSize = this.#clusterSize;
    for (let at = 0; at < bytes.length;) {
      if (this.#fill === 0 && bytes.length - at >= clusterSize) {
        this.#take(bytes.subarray(at, at + clusterSize));
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
    const head = this.#fill === 0 ? 0 : Math.min(byteCount, this.#clusterSize - this.#fill);
    if (head > 0) this.#appendZeros(head);
    const tail = (byteCount - head) % this.#clusterSize;
    this.#pieceCount += (byteCount - head - tail) / this.#clusterSize;
    if (tail > 0) this.#appendZeros(tail);
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
    if (this.#fill > 0) this.#take(this.#piece.subarray(0, this.#fill));
    this.#fill = 0;
    const kept = this.#kept;
    if (kept === null) this.#submitZeros(content, this.#pieceCount);
    this.#content = null;
    return kept === null ? content : this.#placePlain(kept);
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

  #appendZeros(byteCount: number): void {
    this.#piece.fill(0, this.#fill, this.#fill + byteCount);
    this.#grow(byteCount);
  }

  #grow(byteCount: number): void {
    this.#fill += byteCount;
    if (this.#fill < this.#clusterSize) return;
    this.#fill = 0;
    this.#take(this.#piece);
  }

  /** Takes the next piece. One of zeros is left out; a last one that is shorter is compressed. */
  #take(piece: Uint8Array): void {
    const number = this.#pieceCount++;
    const kept = this.#kept;
    if (this.#isZero(piece) && (piece.length === this.#clusterSize || kept !== null)) return;
    if (kept !== null) {
      if (kept.keep(number * this.#clusterSize, piece)) return;
      this.#kept = null;
      for (const { position, bytes } of kept.pieces) {
        this.#submit(position / this.#clusterSize, bytes);
      }
    }
    this.#submit(number, piece);
  }

  #isZero(piece: Uint8Array): boolean {
    // Nearly all that is not zero shows it at once.
    if (piece[0] !== 0 || piece[piece.length - 1] !== 0) return false;
    return this.#zeroPiece.compare(piece, 0, piece.length, 0, piece.length) === 0;
  }

  /** Compresses a piece and the zeros in front of it. */
  #submit(number: number, piece: Uint8Array): void {
    const content = this.#content!;
    this.#submitZeros(content, number);
    this.#submittedCount = number + 1;
    this.#pool.submit(piece, (compressed, original) => this.#place(content, compressed, original));
  }

  /** Compresses the zeros up to piece `end`. */
  #submitZeros(content: CompressedContent, end: number): void {
    const count = end - this.#submittedCount;
    if (count === 0) return;
    this.#submittedCount = end;
    this.#pool.submit(MARK, () => this.#placeZeros(content, count));
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

  #placeZeros(content: CompressedContent, pieceCount: number): void {
    const zeros = this.#zeros ??= new CompressedZeros(this.#compression, this.#blocks.blockSize);
    if (content.pieceCount === 0) content.startBlock = this.#blocks.nextBlock;
    // Their entries of `pieceBlocks` stay 0.
    content.pieceCount += pieceCount;
    content.zerosMax = zeros.blocksMax;
    content.isSmaller = true;
    for (let left = pieceCount * content.pieceClusters; left > 0; left -= zeros.blocksMax) {
      this.#blocks.appendPadded(zeros.of(Math.min(left, zeros.blocksMax)), "in front");
      content.blockCount++;
    }
  }

  /** Places a file that is nearly all zeros, with holes. */
  #placePlain(kept: KeptData): ErofsContent {
    // What is under way is placed first: the order of blocks must not depend on timing.
    this.#pool.drain();
    const file = this.#plain.begin(this.#size);
    let end = 0;
    for (const { position, bytes } of kept.pieces) {
      file.skip(position - end);
      file.write(bytes);
      end = position + bytes.length;
    }
    file.skip(this.#size - end);
    return file.end();
  }
}
