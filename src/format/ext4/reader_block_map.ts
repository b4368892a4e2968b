/**
 * The block pointers of an inode without extents (ext2, ext3) as runs of blocks: twelve of its own,
 * then blocks of pointers, one to three levels deep.
 *
 * @module
 */
import { Ext4Content, type Ext4Extent } from "./content.ts";
import type { FoundInode } from "./reader_inodes.ts";
import type { Ext4Volume } from "./reader_volume.ts";

/** Pointers to blocks of data in the inode (`EXT4_NDIR_BLOCKS`). */
const DIRECT_COUNT = 12;
/** Bytes of a pointer. */
const POINTER_SIZE = 4;

/** Reads the runs of a file of block pointers. Throws `ImageError` `CORRUPT`. */
export function readBlockMap(volume: Ext4Volume, inode: FoundInode): Ext4Content {
  return new BlockMap(volume, inode).content();
}

class BlockMap {
  readonly #volume: Ext4Volume;
  readonly #inode: FoundInode;
  readonly #pointersPerBlock: number;
  readonly #runs: Ext4Extent[] = [];
  // The run under way.
  #logicalBlock = 0;
  #startBlock = 0;
  #blockCount = 0;

  constructor(volume: Ext4Volume, inode: FoundInode) {
    this.#volume = volume;
    this.#inode = inode;
    this.#pointersPerBlock = volume.blockSize / POINTER_SIZE;
  }

  content(): Ext4Content {
    const { view, blockAt } = this.#inode;
    for (let i = 0; i < DIRECT_COUNT; i++) {
      this.#add(i, view.getUint32(blockAt + POINTER_SIZE * i, true));
    }
    let next = DIRECT_COUNT;
    for (let level = 1; level <= 3; level++) {
      const at = blockAt + POINTER_SIZE * (DIRECT_COUNT + level - 1);
      this.#readLevel(view.getUint32(at, true), level, next);
      next += this.#pointersPerBlock ** level;
    }
    this.#endRun();
    const [first, ...more] = this.#runs;
    return new Ext4Content(first ?? null, more.length === 0 ? null : more);
  }

  /** Reads the pointers below `block`, which stand for the blocks of the file from `logicalBlock` on. */
  #readLevel(block: number, level: number, logicalBlock: number): void {
    if (block === 0) return;
    const volume = this.#volume;
    const { view } = volume.readBlock(block, this.#thing);
    volume.claimNode(block, this.#thing);
    const step = this.#pointersPerBlock ** (level - 1);
    for (let i = 0; i < this.#pointersPerBlock; i++) {
      const pointer = view.getUint32(POINTER_SIZE * i, true);
      if (pointer === 0) continue;
      const child = logicalBlock + i * step;
      if (level === 1) this.#add(child, pointer);
      else this.#readLevel(pointer, level - 1, child);
    }
  }

  #add(logicalBlock: number, block: number): void {
    if (block === 0) return;
    const continues = this.#blockCount > 0 &&
      logicalBlock === this.#logicalBlock + this.#blockCount &&
      block === this.#startBlock + this.#blockCount;
    if (continues) {
      this.#blockCount++;
      return;
    }
    this.#endRun();
    this.#logicalBlock = logicalBlock;
    this.#startBlock = block;
    this.#blockCount = 1;
  }

  #endRun(): void {
    if (this.#blockCount === 0) return;
    const logicalBlock = this.#logicalBlock;
    const startBlock = this.#startBlock;
    const blockCount = this.#blockCount;
    this.#volume.checkBlocks(startBlock, blockCount, this.#thing);
    this.#volume.claim(startBlock, blockCount, this.#thing);
    this.#runs.push({ logicalBlock, startBlock, blockCount });
  }

  get #thing(): string {
    return `block pointers of inode ${this.#inode.number}`;
  }
}
