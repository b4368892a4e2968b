/**
 * One file that is being placed, in whole blocks; blocks of zeros become holes and take no place.
 *
 * @module
 */
import { VERITY_BLOCK_SIZE } from "../../fsverity/verity_algorithm.ts";
import type { FileWriter } from "../image_format.ts";
import { Ext4Content, type Ext4Extent, Ext4InlineContent } from "./content.ts";
import type { DataStage } from "./data_stage.ts";
import { VerityHasher } from "./verity_hasher.ts";
import { verityBlockCount, verityStart } from "./verity_metadata.ts";

/** What a file tells its placer. */
export interface PlacementTurns {
  /** The file needs the end of the stage. */
  enter(file: FilePlacement): void;
  /** The file is complete and needs nothing any more. */
  leave(file: FilePlacement): void;
}

/** Places one file at a time, again and again. */
export class FilePlacement implements FileWriter<Ext4Content> {
  readonly #stage: DataStage;
  readonly #blockSize: number;
  readonly #turns: PlacementTurns;

  #isOpen = false;
  #size = 0;
  #position = 0;
  // Bytes of the block in the making; they stand at the end of the stage, or are set aside.
  #partial = 0;
  #aside: Uint8Array | null = null;
  #runLogical = 0;
  #runStart = 0;
  #runCount = 0;
  #runs: Ext4Extent[] | null = null;
  #hasher: VerityHasher | null = null;
  // The bytes of a file that takes no blocks.
  #inline: Uint8Array | null = null;
  // The blocks of the tree, behind all data of the file.
  #treeRuns: readonly Ext4Extent[] = [];

  /** Creates a writer in front of `stage`. */
  constructor(stage: DataStage, turns: PlacementTurns) {
    this.#stage = stage;
    this.#blockSize = stage.blockSize;
    this.#turns = turns;
  }

  /** Begins a file of `size` bytes, which are kept in memory if `isInline`. */
  begin(size: number, isInline: boolean, hasTree: boolean): void {
    this.#isOpen = true;
    this.#inline = isInline ? new Uint8Array(size) : null;
    this.#size = size;
    this.#position = 0;
    this.#partial = 0;
    this.#runCount = 0;
    this.#runs = null;
    this.#treeRuns = [];
    this.#hasher = null;
    if (!hasTree) return;
    this.#turns.enter(this);
    this.#treeRuns = this.#reserve(verityStart(size) / VERITY_BLOCK_SIZE, verityBlockCount(size));
    this.#hasher = new VerityHasher(
      size,
      (index, count, block) => this.#putTree(index, count, block),
    );
  }

  /** The next bytes of the file. */
  write(bytes: Uint8Array): void {
    this.#checkRoom(bytes.length);
    if (this.#inline !== null) {
      this.#inline.set(bytes, this.#position);
      this.#position += bytes.length;
      return;
    }
    this.#turns.enter(this);
    this.#hasher?.write(bytes);
    const blockSize = this.#blockSize;
    let at = 0;
    if (this.#partial > 0) {
      at = Math.min(blockSize - this.#partial, bytes.length);
      this.#append(bytes, 0, at);
    }
    const tail = at + Math.floor((bytes.length - at) / blockSize) * blockSize;
    if (tail > at) this.#writeBlocks(bytes, at, tail);
    if (tail < bytes.length) this.#append(bytes, tail, bytes.length);
  }

  /** The next `byteCount` bytes of the file are a hole. */
  skip(byteCount: number): void {
    if (!Number.isSafeInteger(byteCount) || byteCount < 0) {
      throw new RangeError(`Cannot skip ${byteCount} bytes`);
    }
    this.#checkRoom(byteCount);
    if (this.#inline !== null) {
      this.#position += byteCount;
      return;
    }
    this.#turns.enter(this);
    this.#hasher?.skip(byteCount);
    const blockSize = this.#blockSize;
    const head = this.#partial > 0 ? Math.min(blockSize - this.#partial, byteCount) : 0;
    if (head > 0) this.#appendZeros(head);
    const tail = (byteCount - head) % blockSize;
    this.#position += byteCount - head - tail;
    if (tail > 0) this.#appendZeros(tail);
  }

  /** Ends the file and answers where its bytes are. */
  end(): Ext4Content {
    if (!this.#isOpen) throw new TypeError("Cannot end a file: none is open");
    if (this.#position !== this.#size) {
      throw new RangeError(
        `Cannot end a file of ${this.#size} bytes: ${this.#size - this.#position} are missing`,
      );
    }
    const content = this.#inline === null ? this.#place() : new Ext4InlineContent(this.#inline);
    this.#isOpen = false;
    this.#turns.leave(this);
    return content;
  }

  /** Another file needs the end of the stage: keeps the block in the making. */
  setAside(): void {
    if (this.#partial === 0) return;
    const { bytes, fill } = this.#stage;
    this.#aside ??= new Uint8Array(this.#blockSize);
    this.#aside.set(bytes.subarray(fill, fill + this.#partial));
  }

  /** The end of the stage is this file's again: puts the block in the making there. */
  takeUp(): void {
    if (this.#partial === 0) return;
    this.#stage.room();
    this.#stage.bytes.set(this.#aside!.subarray(0, this.#partial), this.#stage.fill);
  }

  #place(): Ext4Content {
    if (this.#partial > 0) {
      this.#turns.enter(this);
      this.#appendZeros(this.#blockSize - this.#partial);
    }
    this.#hasher?.end();
    const last = this.#runCount === 0
      ? null
      : { logicalBlock: this.#runLogical, startBlock: this.#runStart, blockCount: this.#runCount };
    const runs = this.#runs ?? [];
    if (runs.length === 0 && this.#treeRuns.length === 0) return new Ext4Content(last);
    this.#runs = null;
    if (last !== null) runs.push(last);
    runs.push(...this.#treeRuns);
    return new Ext4Content(runs[0], runs.length > 1 ? runs.slice(1) : null);
  }

  #checkRoom(byteCount: number): void {
    if (!this.#isOpen) throw new TypeError("Cannot write to a file: none is open");
    if (this.#position + byteCount > this.#size) {
      throw new RangeError(`Cannot write more than the ${this.#size} bytes of the file`);
    }
  }

  /** Takes whole blocks `[start, end)` of `bytes`. */
  #writeBlocks(bytes: Uint8Array, start: number, end: number): void {
    const blockSize = this.#blockSize;
    const isZero = zeroTest(bytes, start, end, blockSize);
    for (let at = start; at < end;) {
      if (isZero(at)) {
        at += blockSize;
        this.#position += blockSize;
        continue;
      }
      let runEnd = at + blockSize;
      while (runEnd < end && !isZero(runEnd)) runEnd += blockSize;
      while (at < runEnd) {
        this.#stage.room();
        const startBlock = this.#stage.nextBlock;
        const count = this.#stage.take(bytes, at, runEnd);
        this.#note(startBlock, count);
        this.#position += count * blockSize;
        at += count * blockSize;
      }
    }
  }

  /** Adds bytes to the block in the making, never past its end. */
  #append(bytes: Uint8Array, start: number, end: number): void {
    if (this.#partial === 0) this.#stage.room();
    this.#stage.bytes.set(bytes.subarray(start, end), this.#stage.fill + this.#partial);
    this.#grow(end - start);
  }

  /** Adds zeros to the block in the making, never past its end. */
  #appendZeros(byteCount: number): void {
    if (this.#partial === 0) this.#stage.room();
    const at = this.#stage.fill + this.#partial;
    this.#stage.bytes.fill(0, at, at + byteCount);
    this.#grow(byteCount);
  }

  /** Counts bytes that were added to the block in the making, and closes it where it is full. */
  #grow(byteCount: number): void {
    this.#partial += byteCount;
    if (this.#partial === this.#blockSize) {
      this.#partial = 0;
      const at = this.#stage.fill;
      // The position is still in the block: it moves below.
      if (!isZeroBytes(this.#stage.bytes, at, at + this.#blockSize)) {
        this.#note(this.#stage.nextBlock, 1);
        this.#stage.fill += this.#blockSize;
      }
    }
    this.#position += byteCount;
  }

  /** `count` blocks from `start` on are the file's, at its position. */
  #note(start: number, count: number): void {
    const logical = Math.floor(this.#position / this.#blockSize);
    if (
      this.#runCount > 0 && this.#runLogical + this.#runCount === logical &&
      this.#runStart + this.#runCount === start
    ) {
      this.#runCount += count;
      return;
    }
    if (this.#runCount > 0) {
      (this.#runs ??= []).push({
        logicalBlock: this.#runLogical,
        startBlock: this.#runStart,
        blockCount: this.#runCount,
      });
    }
    this.#runLogical = logical;
    this.#runStart = start;
    this.#runCount = count;
  }

  /** Takes `count` blocks for the file, from `logicalBlock` on, that are filled later. */
  #reserve(logicalBlock: number, count: number): Ext4Extent[] {
    const runs: Ext4Extent[] = [];
    for (let done = 0; done < count;) {
      const blockCount = this.#stage.reserve(count - done);
      const startBlock = this.#stage.nextBlock - blockCount;
      runs.push({ logicalBlock: logicalBlock + done, startBlock, blockCount });
      done += blockCount;
    }
    return runs;
  }

  /** Fills `count` reserved blocks from `index` on, all with the same bytes. */
  #putTree(index: number, count: number, block: Uint8Array): void {
    let runIndex = 0;
    for (const { startBlock, blockCount } of this.#treeRuns) {
      const from = Math.max(index, runIndex);
      const to = Math.min(index + count, runIndex + blockCount);
      if (from < to) this.#stage.overwrite(startBlock + from - runIndex, to - from, block);
      runIndex += blockCount;
    }
  }
}

/** A test for blocks of zeros in bytes `[start, end)`: four bytes at a time where they are aligned. */
function zeroTest(
  bytes: Uint8Array,
  start: number,
  end: number,
  blockSize: number,
): (at: number) => boolean {
  const first = bytes.byteOffset + start;
  if (first % 4 !== 0) return (at) => isZeroBytes(bytes, at, at + blockSize);
  const words = new Int32Array(bytes.buffer, first, (end - start) / 4);
  return (at) => {
    const from = (at - start) / 4;
    const to = from + blockSize / 4;
    for (let i = from; i < to; i++) if (words[i] !== 0) return false;
    return true;
  };
}

function isZeroBytes(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== 0) return false;
  return true;
}
