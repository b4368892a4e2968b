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
  readonly #gaps: { start: number; size: number }[] = [];
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
    let best = -1;
    for (let i = 0; i < this.#gaps.length; i++) {
      const gap = this.#gaps[i];
      if (gap.size >= size && (best < 0 || gap.size < this.#gaps[best].size)) best = i;
    }
    if (best < 0) return null;
    const gap = this.#gaps[best];
    const { start } = gap;
    gap.start += size;
    gap.size -= size;
    if (gap.size === 0) this.#gaps.splice(best, 1);
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
    this.#gaps.push({ start, size });
    if (this.#gaps.length <= GAPS_MAX) return;
    let smallest = 0;
    for (let i = 1; i < this.#gaps.length; i++) {
      if (this.#gaps[i].size < this.#gaps[smallest].size) smallest = i;
    }
    this.#gaps.splice(smallest, 1);
  }
}
