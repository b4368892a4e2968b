/**
 * The bytes of uncompressed files, placed as they arrive: whole blocks one behind the other, the
 * bytes behind the last whole block kept for the inode. A file with holes is cut into chunks.
 *
 * @module
 */
import type { FileWriter } from "../image_format.ts";
import { ChunkedContent, type ErofsContent, type ErofsRun, FlatContent } from "./content.ts";
import type { DataBlocks } from "./data_blocks.ts";
import { INODE_COMPACT_SIZE } from "./inode.ts";
import type { TailStore } from "./tail_store.ts";

/**
 * Zeros become a hole from so many bytes on, whether they were written or skipped: fewer are not
 * worth a map, and the image must not depend on what its source took for a hole.
 */
const HOLE_SIZE = 64 * 1024;
/** Chunks that a file has at most: the map takes 4 bytes for each. */
const CHUNKS_MAX = 2 ** 18;

/** Places one file after the other. */
export class DataPlacer implements FileWriter<ErofsContent> {
  readonly #blocks: DataBlocks;
  readonly #tails: TailStore;
  readonly #blockSize: number;
  readonly #partial: Uint8Array;

  #isOpen = false;
  #size = 0;
  #position = 0;
  #partialFill = 0;
  // Bytes in front of the tail, in whole blocks.
  #bodySize = 0;
  // Holes start and end at multiples of so many blocks.
  #unit = 1;
  // Blocks of zeros in front of the position that are not placed yet.
  #zeroBlocks = 0;
  #runs: { logicalBlock: number; startBlock: number; blockCount: number }[] = [];

  /** Creates a placer. */
  constructor(blocks: DataBlocks, tails: TailStore) {
    this.#blocks = blocks;
    this.#tails = tails;
    this.#blockSize = blocks.blockSize;
    this.#partial = new Uint8Array(this.#blockSize);
  }

  /** Whether a file of `size` bytes takes no blocks. */
  isTailOnly(size: number): boolean {
    return size < this.#blockSize && isTail(size, this.#blockSize);
  }

  /** Begins a file of `size` bytes. Throws `TypeError` while another file is open. */
  begin(size: number): FileWriter<ErofsContent> {
    if (this.#isOpen) throw new TypeError("Cannot begin a file: another one is open");
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new RangeError(`Cannot begin a file of ${size} bytes`);
    }
    const blockSize = this.#blockSize;
    const blockCount = Math.ceil(size / blockSize);
    this.#isOpen = true;
    this.#size = size;
    this.#position = 0;
    this.#partialFill = 0;
    this.#bodySize = isTail(size % blockSize, blockSize)
      ? size - size % blockSize
      : blockCount * blockSize;
    this.#unit = 2 ** Math.max(0, Math.ceil(Math.log2(blockCount / CHUNKS_MAX)));
    this.#zeroBlocks = 0;
    this.#runs = [];
    return this;
  }

  /** The next bytes of the file. */
  write(bytes: Uint8Array): void {
    this.#checkRoom(bytes.length);
    const blockSize = this.#blockSize;
    let at = 0;
    if (this.#partialFill > 0) {
      at = Math.min(blockSize - this.#partialFill, bytes.length);
      this.#append(bytes, 0, at);
    }
    const end = at + Math.floor((bytes.length - at) / blockSize) * blockSize;
    if (end > at) this.#writeBlocks(bytes, at, end);
    if (end < bytes.length) this.#append(bytes, end, bytes.length);
  }

  /** The next `byteCount` bytes of the file are a hole. */
  skip(byteCount: number): void {
    if (!Number.isSafeInteger(byteCount) || byteCount < 0) {
      throw new RangeError(`Cannot skip ${byteCount} bytes`);
    }
    this.#checkRoom(byteCount);
    const blockSize = this.#blockSize;
    let left = byteCount;
    if (this.#partialFill > 0) {
      const head = Math.min(blockSize - this.#partialFill, left);
      this.#appendZeros(head);
      left -= head;
    }
    const tail = left % blockSize;
    if (left > tail) {
      this.#zeroBlocks += (left - tail) / blockSize;
      this.#position += left - tail;
    }
    if (tail > 0) this.#appendZeros(tail);
  }

  /** Ends the file and answers where its bytes are. */
  end(): ErofsContent {
    if (!this.#isOpen) throw new TypeError("Cannot end a file: none is open");
    if (this.#position !== this.#size) {
      throw new RangeError(
        `Cannot end a file of ${this.#size} bytes: ${this.#size - this.#position} are missing`,
      );
    }
    this.#isOpen = false;
    const blockSize = this.#blockSize;
    const hasHole = this.#isHoleHere() || this.#runs.length > 1 ||
      (this.#runs.length === 1 && this.#runs[0].logicalBlock > 0);
    const hasTail = this.#bodySize < this.#size;
    if (!hasHole && hasTail) {
      this.#placeZeros(this.#bodySize / blockSize);
      const tail = this.#tails.add(this.#partial.subarray(0, this.#partialFill));
      return this.#flat(tail);
    }
    if (this.#partialFill > 0) {
      // A file with holes has no tail: what is left over is a block.
      this.#partial.fill(0, this.#partialFill);
      this.#position -= this.#partialFill;
      if (isZero(this.#partial, 0, blockSize)) this.#zeroBlocks++;
      else this.#takeBlocks(this.#partial, 0, blockSize);
    }
    // The last block may have made a hole of the zeros in front of it.
    const endsInHole = this.#isHoleHere();
    if (!endsInHole) this.#placeZeros(Math.ceil(this.#size / blockSize));
    else this.#placeHole(Math.ceil(this.#size / blockSize), true);
    if (!hasHole && !endsInHole) return this.#flat(-1);
    return new ChunkedContent(this.#chunkBits(), this.#runs);
  }

  /** Checks that no file is open. */
  finish(): void {
    if (this.#isOpen) throw new TypeError("Cannot finish: a file is open");
  }

  #flat(tailPosition: number): FlatContent {
    const run = this.#runs[0];
    return run === undefined
      ? new FlatContent(0, 0, tailPosition)
      : new FlatContent(run.startBlock, run.blockCount, tailPosition);
  }

  #checkRoom(byteCount: number): void {
    if (!this.#isOpen) throw new TypeError("Cannot write to a file: none is open");
    if (this.#position + byteCount > this.#size) {
      throw new RangeError(`Cannot write more than the ${this.#size} bytes of the file`);
    }
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    this.#partial.set(bytes.subarray(start, end), this.#partialFill);
    this.#grow(end - start);
  }

  #appendZeros(byteCount: number): void {
    this.#partial.fill(0, this.#partialFill, this.#partialFill + byteCount);
    this.#grow(byteCount);
  }

  #grow(byteCount: number): void {
    this.#partialFill += byteCount;
    this.#position += byteCount;
    if (this.#partialFill < this.#blockSize) return;
    this.#partialFill = 0;
    this.#position -= this.#blockSize;
    this.#writeBlocks(this.#partial, 0, this.#blockSize);
  }

  /** Takes whole blocks `[start, end)` of `bytes`, zeros among them. */
  #writeBlocks(bytes: Uint8Array, start: number, end: number): void {
    const blockSize = this.#blockSize;
    for (let at = start; at < end;) {
      if (isZero(bytes, at, at + blockSize)) {
        this.#zeroBlocks++;
        this.#position += blockSize;
        at += blockSize;
        continue;
      }
      let runEnd = at + blockSize;
      while (runEnd < end && !isZero(bytes, runEnd, runEnd + blockSize)) runEnd += blockSize;
      this.#takeBlocks(bytes, at, runEnd);
      at = runEnd;
    }
  }

  /** Places blocks of data, and before them what is to become of the zeros in front. */
  #takeBlocks(bytes: Uint8Array, start: number, end: number): void {
    const logical = this.#position / this.#blockSize;
    if (this.#isHoleHere()) this.#placeHole(logical, false);
    else this.#placeZeros(logical);
    this.#extendRun(logical, (end - start) / this.#blockSize);
    this.#blocks.append(bytes, start, end);
    this.#position += end - start;
  }

  /** Whether the zeros in front of the position are to be a hole. */
  #isHoleHere(): boolean {
    return this.#zeroBlocks * this.#blockSize >= HOLE_SIZE;
  }

  /** Makes a hole of the zeros that end at block `end`, but for what is not a whole unit. */
  #placeHole(end: number, isLast: boolean): void {
    const start = end - this.#zeroBlocks;
    const unit = this.#unit;
    const holeStart = Math.ceil(start / unit) * unit;
    const holeEnd = isLast ? end : Math.floor(end / unit) * unit;
    if (holeEnd <= holeStart) {
      this.#placeZeros(end);
      return;
    }
    this.#zeroBlocks = holeStart - start;
    this.#placeZeros(holeStart);
    this.#zeroBlocks = end - holeEnd;
    this.#placeZeros(end);
  }

  /** Places the zeros that end at block `end` as data. */
  #placeZeros(end: number): void {
    const count = this.#zeroBlocks;
    this.#zeroBlocks = 0;
    if (count === 0) return;
    this.#extendRun(end - count, count);
    this.#blocks.appendZeros(count);
  }

  /** Gives the next blocks of the image to the file. */
  #extendRun(logicalBlock: number, blockCount: number): void {
    const startBlock = this.#blocks.nextBlock;
    const last = this.#runs.at(-1);
    // Files are placed one at a time: blocks that follow in the file follow in the image.
    if (last !== undefined && last.logicalBlock + last.blockCount === logicalBlock) {
      last.blockCount += blockCount;
    } else {
      this.#runs.push({ logicalBlock, startBlock, blockCount });
    }
  }

  /** The largest chunks at whose borders all runs start and end; the last run ends with the file. */
  #chunkBits(): number {
    const endBlock = Math.ceil(this.#size / this.#blockSize);
    let bits = CHUNK_BITS_MAX;
    const fit = (block: number) => {
      while (block % 2 ** bits !== 0) bits--;
    };
    for (const { logicalBlock, blockCount } of this.#runs) {
      fit(logicalBlock);
      if (logicalBlock + blockCount < endBlock) fit(logicalBlock + blockCount);
    }
    // No more than one chunk needs to hold the file.
    return Math.min(bits, Math.ceil(Math.log2(endBlock)));
  }
}

/** Largest logarithm of the blocks of a chunk. */
const CHUNK_BITS_MAX = 31;

/** Whether so many bytes behind the last whole block fit behind an inode, wherever it stands. */
function isTail(byteCount: number, blockSize: number): boolean {
  return byteCount > 0 && byteCount <= blockSize - INODE_COMPACT_SIZE;
}

function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== 0) return false;
  return true;
}

/** Runs of a file, whatever holds it, in blocks of the image. */
export function blocksOf(content: ErofsContent): readonly ErofsRun[] {
  if (content instanceof ChunkedContent) return content.runs;
  const { startBlock, blockCount } = content;
  return blockCount === 0 ? [] : [{ logicalBlock: 0, startBlock, blockCount }];
}
