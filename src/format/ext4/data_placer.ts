/**
 * The bytes of files, placed as they arrive: from the start of the disk onwards, in whole blocks,
 * around the gaps that are kept for copies of superblock and descriptors. Blocks of zeros become
 * holes and take no place. With fs-verity, the blocks of a file's tree are reserved in front of its
 * data, and written one by one while the data comes.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { VERITY_BLOCK_SIZE } from "../../fsverity/verity_algorithm.ts";
import type { ByteSink } from "../../io/byte_sink.ts";
import type { FileWriter } from "../image_format.ts";
import { Ext4Content, type Ext4Extent, Ext4InlineContent } from "./content.ts";
import { type Geometry, nextBackupGroup } from "./geometry.ts";
import { STAGE_SIZE } from "./image_bytes.ts";
import { VerityHasher } from "./verity_hasher.ts";
import { verityBlockCount, verityStart } from "./verity_metadata.ts";

/** Blocks that a file can have: logical block numbers are 32 bits. */
const MAX_FILE_BLOCKS = 0xffff_ffff;

/** Places one file after the other. */
export class DataPlacer implements FileWriter<Ext4Content> {
  readonly #sink: ByteSink;
  readonly #blockSize: number;
  readonly #geometry: Geometry;
  readonly #gapBlocks: number;
  readonly #endBlock: number;
  readonly #hasVerity: boolean;
  readonly #inlineMax: number;

  // The stage: bytes of the blocks from #stageBlock on, the last of which may be in the making.
  readonly #stage = new Uint8Array(STAGE_SIZE);
  #stageBlock: number;
  #stageFill = 0;
  // Blocks are free to take up to here: the start of the next gap.
  #nextGap: number;

  #isOpen = false;
  #size = 0;
  #position = 0;
  // Bytes of the block in the making; they stand at the end of the stage.
  #partial = 0;
  #runLogical = 0;
  #runStart = 0;
  #runCount = 0;
  #runs: Ext4Extent[] | null = null;
  #hasher: VerityHasher | null = null;
  // The bytes of a file that takes no blocks.
  #inline: Uint8Array | null = null;
  // The blocks of the tree, behind all data of the file.
  #treeRuns: readonly Ext4Extent[] = [];

  /**
   * Creates a placer. `gapBlocks` are left free at the start of every backup group. Bytes behind
   * block `endBlock` are placed but not written: the plan will say how many are missing. With
   * `hasVerity` (for blocks of 4096) every file gets a tree. Files of up to `inlineMax` bytes are
   * kept in memory, for their inodes.
   */
  constructor(
    sink: ByteSink,
    geometry: Geometry,
    gapBlocks: number,
    endBlock: number,
    hasVerity = false,
    inlineMax = 0,
  ) {
    this.#sink = sink;
    this.#blockSize = geometry.blockSize;
    this.#geometry = geometry;
    this.#gapBlocks = gapBlocks;
    this.#endBlock = endBlock;
    this.#hasVerity = hasVerity;
    this.#inlineMax = inlineMax;
    this.#stageBlock = geometry.groupStart(0) + gapBlocks;
    this.#nextGap = geometry.groupStart(1);
  }

  /** The block behind the last that was placed, or where group 0 starts while none was. */
  get dataEnd(): number {
    const first = this.#geometry.groupStart(0);
    if (this.#stageBlock === first + this.#gapBlocks && this.#stageFill === 0) return first;
    return this.#stageBlock + this.#stageFill / this.#blockSize;
  }

  /**
   * Begins a file of `size` bytes. Throws `ImageError` `LIMIT_EXCEEDED` above 2^32 - 1 blocks,
   * and `TypeError` while another file is open.
   */
  begin(size: number): FileWriter<Ext4Content> {
    if (this.#isOpen) throw new TypeError("Cannot begin a file: another one is open");
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new RangeError(`Cannot begin a file of ${size} bytes`);
    }
    if (size > MAX_FILE_BLOCKS * this.#blockSize) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot place file: ${size} bytes, expected at most ${
          MAX_FILE_BLOCKS * this.#blockSize
        } with blocks of ${this.#blockSize}`,
      );
    }
    // Nothing is placed of an empty file: its descriptor comes with the metadata.
    const hasTree = this.#hasVerity && size > 0;
    const treeStart = verityStart(size) / VERITY_BLOCK_SIZE;
    if (hasTree && treeStart + verityBlockCount(size) > MAX_FILE_BLOCKS) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot place file: ${size} bytes and its fs-verity tree of ${verityBlockCount(size)} ` +
          `blocks, expected at most ${MAX_FILE_BLOCKS} blocks`,
      );
    }
    this.#isOpen = true;
    this.#inline = size > 0 && size <= this.#inlineMax ? new Uint8Array(size) : null;
    this.#size = size;
    this.#position = 0;
    this.#partial = 0;
    this.#runCount = 0;
    this.#runs = null;
    this.#treeRuns = hasTree ? this.#reserve(treeStart, verityBlockCount(size)) : [];
    this.#hasher = hasTree
      ? new VerityHasher(size, (index, count, block) => this.#putTree(index, count, block))
      : null;
    return this;
  }

  /** The next bytes of the file. */
  write(bytes: Uint8Array): void {
    this.#checkRoom(bytes.length);
    if (this.#inline !== null) {
      this.#inline.set(bytes, this.#position);
      this.#position += bytes.length;
      return;
    }
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
    if (this.#inline !== null) {
      this.#isOpen = false;
      return new Ext4InlineContent(this.#inline);
    }
    if (this.#partial > 0) this.#appendZeros(this.#blockSize - this.#partial);
    this.#hasher?.end();
    this.#isOpen = false;
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

  /** Writes what is staged; no file may be open. */
  flush(): void {
    if (this.#isOpen) throw new TypeError("Cannot finish: a file is open");
    this.#flushStage();
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
      const room = this.#makeRoom();
      const limit = Math.min(end, at + room * blockSize);
      let runEnd = at + blockSize;
      while (runEnd < limit && !isZero(runEnd)) runEnd += blockSize;
      this.#stage.set(bytes.subarray(at, runEnd), this.#stageFill);
      this.#take((runEnd - at) / blockSize);
      this.#position += runEnd - at;
      at = runEnd;
    }
  }

  /** Adds bytes to the block in the making, never past its end. */
  #append(bytes: Uint8Array, start: number, end: number): void {
    if (this.#partial === 0) this.#makeRoom();
    this.#stage.set(bytes.subarray(start, end), this.#stageFill + this.#partial);
    this.#grow(end - start);
  }

  /** Adds zeros to the block in the making, never past its end. */
  #appendZeros(byteCount: number): void {
    if (this.#partial === 0) this.#makeRoom();
    const at = this.#stageFill + this.#partial;
    this.#stage.fill(0, at, at + byteCount);
    this.#grow(byteCount);
  }

  /** Counts bytes that were added to the block in the making, and closes it where it is full. */
  #grow(byteCount: number): void {
    this.#partial += byteCount;
    if (this.#partial === this.#blockSize) {
      this.#partial = 0;
      const at = this.#stageFill;
      // The position is still in the block: it moves below.
      if (!isZeroBytes(this.#stage, at, at + this.#blockSize)) this.#take(1);
    }
    this.#position += byteCount;
  }

  /** Gives the next `count` blocks of the stage to the file, at its position. */
  #take(count: number): void {
    const logical = Math.floor(this.#position / this.#blockSize);
    const start = this.#stageBlock + this.#stageFill / this.#blockSize;
    this.#stageFill += count * this.#blockSize;
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

  /** Makes sure that the stage can take a block, and answers how many it can. */
  #makeRoom(): number {
    const staged = this.#stageFill / this.#blockSize;
    const room = this.#stageRoom(staged);
    if (room > 0) return room;
    this.#flushStage();
    if (this.#stageBlock === this.#nextGap) {
      const geometry = this.#geometry;
      const group = geometry.groupOf(this.#nextGap);
      this.#stageBlock = this.#nextGap + this.#gapBlocks;
      this.#nextGap = geometry.groupStart(nextBackupGroup(group + 1));
    }
    return this.#stageRoom(0);
  }

  /** Takes `count` blocks for the file, from `logicalBlock` on, that are filled later. */
  #reserve(logicalBlock: number, count: number): Ext4Extent[] {
    const runs: Ext4Extent[] = [];
    for (let done = 0; done < count;) {
      const room = this.#makeRoom();
      let taken = count - done;
      if (taken > room) {
        // What has no room in the stage is passed over: no block of it was written yet.
        this.#flushStage();
        taken = Math.min(taken, this.#nextGap - this.#stageBlock);
      }
      const startBlock = this.#stageBlock + this.#stageFill / this.#blockSize;
      if (taken <= room) {
        this.#stage.fill(0, this.#stageFill, this.#stageFill + taken * this.#blockSize);
        this.#stageFill += taken * this.#blockSize;
      } else {
        this.#stageBlock += taken;
      }
      runs.push({ logicalBlock: logicalBlock + done, startBlock, blockCount: taken });
      done += taken;
    }
    return runs;
  }

  /** Fills `count` reserved blocks from `index` on, all with the same bytes. */
  #putTree(index: number, count: number, block: Uint8Array): void {
    let runIndex = 0;
    for (const { startBlock, blockCount } of this.#treeRuns) {
      const from = Math.max(index, runIndex);
      const to = Math.min(index + count, runIndex + blockCount);
      if (from < to) this.#overwrite(startBlock + from - runIndex, to - from, block);
      runIndex += blockCount;
    }
  }

  /** Fills blocks that are in the stage or in front of it. */
  #overwrite(startBlock: number, count: number, block: Uint8Array): void {
    const blockSize = this.#blockSize;
    if (startBlock >= this.#stageBlock) {
      const at = (startBlock - this.#stageBlock) * blockSize;
      for (let i = 0; i < count; i++) this.#stage.set(block, at + i * blockSize);
      return;
    }
    const fitting = Math.min(count, this.#endBlock - startBlock);
    const most = STAGE_SIZE / blockSize;
    let piece = block;
    if (fitting > 1) {
      piece = new Uint8Array(Math.min(fitting, most) * blockSize);
      for (let at = 0; at < piece.length; at += blockSize) piece.set(block, at);
    }
    for (let done = 0; done < fitting; done += most) {
      const bytes = piece.subarray(0, Math.min(most, fitting - done) * blockSize);
      this.#sink.write(bytes, (startBlock + done) * blockSize);
    }
  }

  #stageRoom(stagedBlocks: number): number {
    const free = this.#nextGap - this.#stageBlock;
    return Math.min(STAGE_SIZE / this.#blockSize, free) - stagedBlocks;
  }

  #flushStage(): void {
    const blocks = this.#stageFill / this.#blockSize;
    const fitting = Math.min(blocks, Math.max(0, this.#endBlock - this.#stageBlock));
    if (fitting > 0) {
      const bytes = this.#stage.subarray(0, fitting * this.#blockSize);
      this.#sink.write(bytes, this.#stageBlock * this.#blockSize);
    }
    this.#stageBlock += blocks;
    this.#stageFill = 0;
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
