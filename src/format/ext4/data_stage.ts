/**
 * Blocks of file data on their way out, from the start of the disk onwards, around the gaps that
 * are kept for copies of superblock and descriptors: small pieces leave together, large ones without
 * a copy.
 *
 * @module
 */
import type { ByteSink } from "../../io/byte_sink.ts";
import { type Geometry, nextBackupGroup } from "./geometry.ts";
import { STAGE_SIZE } from "./image_bytes.ts";

/** Bytes from which on a run is written from where it is instead of being staged. */
const DIRECT_SIZE = 64 * 1024;

/** Takes blocks in order. */
export class DataStage {
  /** Bytes of a block. */
  readonly blockSize: number;
  /** The staged bytes, and room for a block in the making behind them. */
  readonly bytes = new Uint8Array(STAGE_SIZE);
  /** Bytes of whole blocks that are staged. */
  fill = 0;
  readonly #sink: ByteSink;
  readonly #geometry: Geometry;
  readonly #gapBlocks: number;
  readonly #endBlock: number;
  // Block of the first staged byte.
  #startBlock: number;
  // Blocks are free to take up to here: the start of the next gap.
  #nextGap: number;

  /**
   * Creates a stage. `gapBlocks` are left free at the start of every backup group. Blocks from
   * `endBlock` on are counted but not written: the plan will say how many are missing.
   */
  constructor(sink: ByteSink, geometry: Geometry, gapBlocks: number, endBlock: number) {
    this.blockSize = geometry.blockSize;
    this.#sink = sink;
    this.#geometry = geometry;
    this.#gapBlocks = gapBlocks;
    this.#endBlock = endBlock;
    this.#startBlock = geometry.groupStart(0) + gapBlocks;
    this.#nextGap = geometry.groupStart(1);
  }

  /** The block that the next bytes take, once `room` has answered. */
  get nextBlock(): number {
    return this.#startBlock + this.fill / this.blockSize;
  }

  /** The block behind the last that was taken, or where group 0 starts while none was. */
  get dataEnd(): number {
    const first = this.#geometry.groupStart(0);
    if (this.#startBlock === first + this.#gapBlocks && this.fill === 0) return first;
    return this.nextBlock;
  }

  /** Makes sure that the stage can take a block, and answers how many it can. */
  room(): number {
    const room = this.#stageRoom();
    if (room > 0) return room;
    this.flush();
    if (this.#startBlock === this.#nextGap) {
      const geometry = this.#geometry;
      const group = geometry.groupOf(this.#nextGap);
      this.#startBlock = this.#nextGap + this.#gapBlocks;
      this.#nextGap = geometry.groupStart(nextBackupGroup(group + 1));
    }
    return this.#stageRoom();
  }

  /**
   * Takes as many of the whole blocks `[start, end)` of `bytes` as have room in one run, at least
   * one, and answers how many. They begin at the `nextBlock` behind `room`.
   */
  take(bytes: Uint8Array, start: number, end: number): number {
    const { blockSize } = this;
    if (end - start >= DIRECT_SIZE) {
      this.flush();
      const count = Math.min((end - start) / blockSize, this.#nextGap - this.#startBlock);
      this.#write(bytes, start, count);
      this.#startBlock += count;
      return count;
    }
    const count = Math.min((end - start) / blockSize, this.#stageRoom());
    this.bytes.set(bytes.subarray(start, start + count * blockSize), this.fill);
    this.fill += count * blockSize;
    return count;
  }

  /** Takes up to `count` blocks, at least one, that are filled later; answers how many. */
  reserve(count: number): number {
    const room = this.room();
    if (count <= room) {
      this.bytes.fill(0, this.fill, this.fill + count * this.blockSize);
      this.fill += count * this.blockSize;
      return count;
    }
    // What has no room in the stage is passed over: no block of it was written yet.
    this.flush();
    const taken = Math.min(count, this.#nextGap - this.#startBlock);
    this.#startBlock += taken;
    return taken;
  }

  /** Fills `count` blocks that were reserved, all with the same bytes. */
  overwrite(startBlock: number, count: number, block: Uint8Array): void {
    const { blockSize } = this;
    if (startBlock >= this.#startBlock) {
      const at = (startBlock - this.#startBlock) * blockSize;
      for (let i = 0; i < count; i++) this.bytes.set(block, at + i * blockSize);
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

  /** Writes what is staged. */
  flush(): void {
    const count = this.fill / this.blockSize;
    this.#write(this.bytes, 0, count);
    this.#startBlock += count;
    this.fill = 0;
  }

  /** Writes `count` blocks of `bytes` from `start` on, as far as they fit. */
  #write(bytes: Uint8Array, start: number, count: number): void {
    const fitting = Math.min(count, Math.max(0, this.#endBlock - this.#startBlock));
    if (fitting === 0) return;
    const end = start + fitting * this.blockSize;
    this.#sink.write(bytes.subarray(start, end), this.#startBlock * this.blockSize);
  }

  #stageRoom(): number {
    const free = this.#nextGap - this.#startBlock;
    return Math.min(STAGE_SIZE / this.blockSize, free) - this.fill / this.blockSize;
  }
}
