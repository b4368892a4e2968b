/**
 * One file that is being placed: whole blocks one behind the other, the bytes behind the last whole
 * block kept for the inode. A file with holes is cut into chunks.
 *
 * @module
 */
import { alignUp } from "../../bytes/align.ts";
import type { FileWriter } from "../image_format.ts";
import { ChunkedContent, type ErofsContent, FlatContent } from "./content.ts";
import { DataBlocks } from "./data_blocks.ts";
import { FileRuns } from "./file_runs.ts";
import type { TailStore } from "./tail_store.ts";

/**
 * Zeros become a hole from so many bytes on, whether they were written or skipped: fewer are not
 * worth a map, and the image must not depend on what its source took for a hole.
 */
export const HOLE_SIZE = 64 * 1024;
/** Chunks that a file has at most: the map takes 4 bytes for each. */
const CHUNKS_MAX = 2 ** 18;
/**
 * Bytes that are kept for the rest of a file at most, up to a multiple of it: the image has no
 * places for all of a file that may be nearly all hole.
 */
const RESERVED_SIZE = 256 * 1024 * 1024;

/** What a file tells its placer. */
export interface PlacementTurns {
  /** The file takes the next block of the image. */
  enter(file: FilePlacement): void;
  /** The file is complete and needs nothing any more. */
  leave(file: FilePlacement): void;
}

/** Places one file at a time, again and again. */
export class FilePlacement implements FileWriter<ErofsContent> {
  readonly #blocks: DataBlocks;
  readonly #tails: TailStore;
  readonly #turns: PlacementTurns;
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
  #hasHole = false;
  // Where the tail was stored, if it came in one piece; else -1.
  #tail = -1;
  #runs = new FileRuns();
  // Up to this block of the file, the places are kept: so far behind its own number.
  #reservedEnd = 0;
  #reservedShift = 0;
  #reserved: DataBlocks | null = null;

  /** Creates a writer in front of `blocks`. */
  constructor(blocks: DataBlocks, tails: TailStore, turns: PlacementTurns) {
    this.#blocks = blocks;
    this.#tails = tails;
    this.#turns = turns;
    this.#blockSize = blocks.blockSize;
    this.#partial = new Uint8Array(this.#blockSize);
  }

  /** Begins a file of `size` bytes. */
  begin(size: number): void {
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
    this.#hasHole = false;
    this.#tail = -1;
    this.#runs = new FileRuns();
    this.#reservedEnd = 0;
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
    if (end === bytes.length) return;
    if (this.#isWholeTail(bytes.length - end)) {
      this.#tail = this.#tails.add(bytes.subarray(end));
      this.#position = this.#size;
    } else {
      this.#append(bytes, end, bytes.length);
    }
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
    const content = this.#place();
    if (this.#reservedEnd > 0) this.#reserved?.flush();
    this.#isOpen = false;
    this.#turns.leave(this);
    return content;
  }

  /** Another file takes the next block: keeps the places behind this file's last for the rest. */
  reserve(): void {
    const blockSize = this.#blockSize;
    const start = this.#runs.end;
    const hasHole = this.#hasHole || this.#isHoleHere();
    // A file with holes has a map anyway, and who knows how many more are to come.
    const unit = hasHole ? this.#unit : Math.max(this.#unit, RESERVED_SIZE / blockSize);
    // If it is cut after all, its end is a block, and alone it must be no less than a chunk.
    const hasTail = !hasHole && this.#isFlat() && this.#unit === 1;
    const fileEnd = Math.ceil((hasTail ? this.#bodySize : this.#size) / blockSize);
    const end = Math.min(fileEnd, alignUp(start, unit));
    if (end === start) return;
    const firstBlock = this.#blocks.nextBlock;
    this.#reserved ??= new DataBlocks(this.#blocks.sink, blockSize, firstBlock);
    this.#reservedShift = firstBlock - start;
    this.#reservedEnd = end;
    this.#blocks.moveTo(firstBlock + end - start);
  }

  /** Places what is left. */
  #place(): ErofsContent {
    const blockSize = this.#blockSize;
    if (this.#tail >= 0) return this.#flat(this.#tail);
    const endBlock = Math.ceil(this.#size / blockSize);
    if (this.#bodySize < this.#size && !this.#isHoleHere()) {
      this.#placeZeros(this.#bodySize / blockSize);
      if (this.#isFlat()) {
        return this.#flat(this.#tails.add(this.#partial.subarray(0, this.#partialFill)));
      }
    }
    if (this.#partialFill > 0) {
      // A file in chunks has no tail: what is left over is a block.
      this.#partial.fill(0, this.#partialFill);
      this.#position -= this.#partialFill;
      if (isZero(this.#partial, 0, blockSize)) this.#zeroBlocks++;
      else this.#takeBlocks(this.#partial, 0, blockSize);
    }
    // The last block may have made a hole of the zeros in front of it.
    if (this.#isHoleHere()) this.#placeHole(endBlock, true);
    else this.#placeZeros(endBlock);
    return this.#isFlat()
      ? this.#flat(-1)
      : new ChunkedContent(this.#runs.chunkBits(endBlock), this.#runs.list);
  }

  /** Whether the next `byteCount` bytes are all that is stored behind the inode. */
  #isWholeTail(byteCount: number): boolean {
    return this.#position === this.#bodySize && byteCount === this.#size - this.#bodySize &&
      this.#partialFill === 0 && this.#zeroBlocks === 0 && this.#isFlat();
  }

  /** Whether all blocks so far are one behind the other. */
  #isFlat(): boolean {
    return !this.#hasHole && this.#runs.list.length <= 1;
  }

  #flat(tail: number): FlatContent {
    const run = this.#runs.list[0];
    return run === undefined
      ? new FlatContent(0, 0, tail)
      : new FlatContent(run.startBlock, run.blockCount, tail);
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
    const blockSize = this.#blockSize;
    let logical = this.#position / blockSize;
    if (this.#isHoleHere()) this.#placeHole(logical, false);
    else this.#placeZeros(logical);
    for (let at = start; at < end;) {
      const count = Math.min((end - at) / blockSize, this.#roomAt(logical));
      this.#extend(logical, count).append(bytes, at, at + count * blockSize);
      at += count * blockSize;
      logical += count;
    }
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
    this.#hasHole = true;
    this.#zeroBlocks = holeStart - start;
    this.#placeZeros(holeStart);
    this.#zeroBlocks = end - holeEnd;
    this.#placeZeros(end);
  }

  /** Places the zeros that end at block `end` as data. */
  #placeZeros(end: number): void {
    while (this.#zeroBlocks > 0) {
      const logical = end - this.#zeroBlocks;
      const count = Math.min(this.#zeroBlocks, this.#roomAt(logical));
      this.#extend(logical, count).appendZeros(count);
      this.#zeroBlocks -= count;
    }
  }

  /** How many blocks from `logicalBlock` on have places one behind the other. */
  #roomAt(logicalBlock: number): number {
    return logicalBlock < this.#reservedEnd ? this.#reservedEnd - logicalBlock : Infinity;
  }

  /** Gives the next `count` blocks their places, and answers where their bytes go. */
  #extend(logicalBlock: number, count: number): DataBlocks {
    let blocks = this.#blocks;
    if (logicalBlock < this.#reservedEnd) {
      blocks = this.#reserved!;
      blocks.moveTo(logicalBlock + this.#reservedShift);
    } else {
      this.#turns.enter(this);
    }
    this.#runs.add(logicalBlock, blocks.nextBlock, count);
    return blocks;
  }
}

/**
 * Whether so many bytes behind the last whole block stand behind the inode: up to seven eighths of a
 * block, as hardly anything fits beside more, which would have to wait for its inode all the same.
 */
export function isTail(byteCount: number, blockSize: number): boolean {
  return byteCount > 0 && byteCount <= blockSize * 7 / 8;
}

function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== 0) return false;
  return true;
}
