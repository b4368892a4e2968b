/**
 * Finds a place for every inode in the metadata of an image.
 *
 * @module
 */
import { alignUp } from "../../bytes/align.ts";
import { INODE_COMPACT_SIZE } from "./inode.ts";
import { XATTR_HEADER_SIZE } from "./xattr.ts";

/** Rests of blocks that are remembered. */
const GAPS_MAX = 32;

/**
 * Hands out places in units of 32 bytes. What is not larger than a block stands in one block; where
 * it stands is the smallest rest of a block that holds it, of the last few.
 */
export class InodeRoom {
  readonly #blockSize: number;
  // Rests of blocks: the smallest first, of equals the one in front. Some may be used up.
  readonly #gapStarts = new Float64Array(GAPS_MAX);
  readonly #gapSizes = new Uint32Array(GAPS_MAX);
  #gapCount = 0;
  #end: number;
  #usedEnd = 0;

  /** Begins with `reservedBytes` (below a block, a multiple of 32) in use. */
  constructor(blockSize: number, reservedBytes: number) {
    this.#blockSize = blockSize;
    this.#end = blockSize;
    this.#addGap(reservedBytes, blockSize - reservedBytes);
  }

  /** Bytes of the area, whole blocks. */
  get size(): number {
    // fsck.erofs 1.5 looks for attributes also behind an inode that has none.
    return alignUp(this.#usedEnd + XATTR_HEADER_SIZE, this.#blockSize);
  }

  /**
   * A place for an inode: `headSize` bytes that may stand anywhere, and behind them `tailSize` bytes
   * that must be in one block.
   */
  take(headSize: number, tailSize: number): number {
    const blockSize = this.#blockSize;
    const size = alignUp(headSize + tailSize, INODE_COMPACT_SIZE);
    let start: number;
    if (size <= blockSize) start = this.#takeGap(size) ?? this.#takeBlocks(0, size);
    else {
      const behindHead = headSize % blockSize;
      const isCut = tailSize > 0 && behindHead + tailSize > blockSize;
      const padding = isCut ? alignUp(blockSize - behindHead, INODE_COMPACT_SIZE) : 0;
      start = this.#takeBlocks(padding, size);
    }
    this.#usedEnd = Math.max(this.#usedEnd, start + size);
    return start;
  }

  #takeGap(size: number): number | null {
    let index = 0;
    while (index < this.#gapCount && this.#gapSizes[index] < size) index++;
    if (index === this.#gapCount) return null;
    const start = this.#gapStarts[index];
    this.#putGap(index, start + size, this.#gapSizes[index] - size);
    return start;
  }

  #takeBlocks(padding: number, size: number): number {
    const start = this.#end + padding;
    this.#addGap(this.#end, padding);
    this.#end = alignUp(start + size, this.#blockSize);
    this.#addGap(start + size, this.#end - start - size);
    return start;
  }

  #addGap(start: number, size: number): void {
    if (size === 0) return;
    if (this.#gapCount < GAPS_MAX) this.#putGap(this.#gapCount++, start, size);
    else if (size >= this.#gapSizes[0]) this.#putGap(0, start, size);
  }

  /** Puts a rest in place of the one at `at`, or to where the order wants it. */
  #putGap(at: number, start: number, size: number): void {
    while (at > 0 && this.#isBehind(at - 1, start, size)) this.#moveGap(at - 1, at--);
    while (at + 1 < this.#gapCount && !this.#isBehind(at + 1, start, size)) {
      this.#moveGap(at + 1, at++);
    }
    this.#gapStarts[at] = start;
    this.#gapSizes[at] = size;
  }

  #isBehind(index: number, start: number, size: number): boolean {
    const other = this.#gapSizes[index];
    return other > size || (other === size && this.#gapStarts[index] > start);
  }

  #moveGap(from: number, to: number): void {
    this.#gapStarts[to] = this.#gapStarts[from];
    this.#gapSizes[to] = this.#gapSizes[from];
  }
}
