/**
 * The extent tree of an inode as runs of blocks.
 *
 * @module
 */
import { blockChecksum } from "./checksum.ts";
import { Ext4Content, type Ext4Extent } from "./content.ts";
import {
  EXTENT_ENTRY_SIZE,
  EXTENT_MAGIC,
  EXTENT_MAX_BLOCKS,
  EXTENT_MAX_DEPTH,
  EXTENTS_IN_INODE,
  extentsPerBlock,
  readExtentHeader,
  readExtentIndex,
  readExtentLeaf,
} from "./extent.ts";
import { INODE_EXTENTS } from "./inode.ts";
import { readBlockMap } from "./reader_block_map.ts";
import type { FoundInode } from "./reader_inodes.ts";
import type { Ext4Volume } from "./reader_volume.ts";

/** Entries for which a node may have room that it does not use. */
const UNUSED_MAX = 2;
const MAX_LOGICAL_BLOCKS = 0x1_0000_0000;

/**
 * Reads the runs of a file, from its extents or its block pointers, verifying every node. Unwritten
 * extents read as zeros and are holes here. Throws `ImageError` `CORRUPT`.
 */
export function readExtents(volume: Ext4Volume, inode: FoundInode): Ext4Content {
  if ((inode.fields.flags & INODE_EXTENTS) === 0) {
    return readBlockMap(volume, inode);
  }
  return new ExtentTree(volume, inode).content();
}

class ExtentTree {
  readonly #volume: Ext4Volume;
  readonly #inode: FoundInode;
  readonly #runs: Ext4Extent[] = [];
  // The first logical block that no extent has covered yet.
  #next = 0;

  constructor(volume: Ext4Volume, inode: FoundInode) {
    this.#volume = volume;
    this.#inode = inode;
  }

  content(): Ext4Content {
    const { view, blockAt } = this.#inode;
    const { depth } = readExtentHeader(view, blockAt);
    if (depth > EXTENT_MAX_DEPTH) {
      this.#refuse(`depth is ${depth}`, `at most ${EXTENT_MAX_DEPTH}`);
    }
    this.#readNode(view, blockAt, EXTENTS_IN_INODE, depth, null, MAX_LOGICAL_BLOCKS);
    const [first, ...more] = this.#runs;
    return new Ext4Content(first ?? null, more.length === 0 ? null : more);
  }

  /**
   * Reads the node at `at`. Its blocks are from `firstBlock` (which it must begin with; `null`
   * for the root) up to `endBlock`.
   */
  #readNode(
    view: DataView,
    at: number,
    capacity: number,
    depth: number,
    firstBlock: number | null,
    endBlock: number,
  ): void {
    const header = readExtentHeader(view, at);
    if (header.magic !== EXTENT_MAGIC) {
      this.#refuse(`magic is 0x${header.magic.toString(16)}`, "0xf30a");
    }
    const { max, entries } = header;
    if (max > capacity || max < capacity - UNUSED_MAX || entries > max) {
      this.#refuse(`node has ${entries} of ${max} entries`, `at most ${capacity}`);
    }
    if (header.depth !== depth) this.#refuse(`depth is ${header.depth}`, `${depth}`);
    if (header.entries === 0 && firstBlock !== null) this.#refuse("node has no entry", "one");
    for (let i = 0; i < header.entries; i++) {
      const entryAt = at + EXTENT_ENTRY_SIZE * (1 + i);
      if (i === 0 && firstBlock !== null && view.getUint32(entryAt, true) !== firstBlock) {
        this.#refuse(`node begins with ${view.getUint32(entryAt, true)}`, `${firstBlock}`);
      }
      if (depth === 0) {
        this.#readLeaf(view, entryAt, endBlock);
      } else {
        const isLast = i === header.entries - 1;
        const end = isLast ? endBlock : view.getUint32(entryAt + EXTENT_ENTRY_SIZE, true);
        this.#readChild(view, entryAt, depth - 1, end);
      }
    }
  }

  #readLeaf(view: DataView, at: number, endBlock: number): void {
    const { logicalBlock, length, startBlock } = readExtentLeaf(view, at);
    const isUnwritten = length > EXTENT_MAX_BLOCKS;
    const blockCount = isUnwritten ? length - EXTENT_MAX_BLOCKS : length;
    if (blockCount === 0) this.#refuse("extent has no blocks", "one or more");
    if (logicalBlock < this.#next || logicalBlock + blockCount > endBlock) {
      this.#refuse(
        `extent covers blocks ${logicalBlock} to ${logicalBlock + blockCount - 1}`,
        `${this.#next} to ${endBlock - 1}`,
      );
    }
    this.#volume.checkBlocks(startBlock, blockCount, this.#thing);
    const { clusterRatio } = this.#volume;
    if (startBlock % clusterRatio !== logicalBlock % clusterRatio) {
      this.#refuse(
        `block ${logicalBlock} is at ${startBlock}`,
        `the same place in a cluster of ${clusterRatio}`,
      );
    }
    this.#volume.claim(startBlock, blockCount, this.#thing);
    this.#next = logicalBlock + blockCount;
    if (isUnwritten) return;
    const last = this.#runs[this.#runs.length - 1];
    const continues = last !== undefined &&
      last.logicalBlock + last.blockCount === logicalBlock &&
      last.startBlock + last.blockCount === startBlock;
    if (continues) {
      this.#runs[this.#runs.length - 1] = { ...last, blockCount: last.blockCount + blockCount };
    } else {
      this.#runs.push({ logicalBlock, startBlock, blockCount });
    }
  }

  #readChild(view: DataView, at: number, depth: number, endBlock: number): void {
    const volume = this.#volume;
    const { logicalBlock, childBlock } = readExtentIndex(view, at);
    if (logicalBlock < this.#next || logicalBlock >= endBlock) {
      this.#refuse(`index entry is ${logicalBlock}`, `${this.#next} to ${endBlock - 1}`);
    }
    const child = volume.readBlock(childBlock, this.#thing);
    volume.claimNode(childBlock, this.#thing);
    const capacity = extentsPerBlock(volume.blockSize);
    if (volume.hasChecksums) {
      const { max } = readExtentHeader(child.view, 0);
      const tailAt = EXTENT_ENTRY_SIZE * (1 + max);
      if (max > capacity) this.#refuse(`node has room for ${max} entries`, `at most ${capacity}`);
      volume.checkChecksum(
        this.#thing,
        child.view.getUint32(tailAt, true),
        blockChecksum(this.#inode.seed, child.bytes, 0, tailAt),
        childBlock * volume.blockSize,
      );
    }
    this.#readNode(child.view, 0, capacity, depth, logicalBlock, endBlock);
  }

  get #thing(): string {
    return `extents of inode ${this.#inode.number}`;
  }

  #refuse(observed: string, expected: string): never {
    throw this.#volume.corrupt(this.#thing, observed, expected);
  }
}
