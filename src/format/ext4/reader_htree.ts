/**
 * The index of a directory, verified: which blocks are its leaves, and what hashes they hold.
 *
 * @module
 */
import { htreeChecksum } from "./checksum.ts";
import { readDirent } from "./dirent.ts";
import { IncompatFeature } from "./features.ts";
import {
  HTREE_ENTRY_SIZE,
  HTREE_INFO_LENGTH,
  HTREE_NODE_ENTRIES_OFFSET,
  HTREE_ROOT_ENTRIES_OFFSET,
  HTREE_ROOT_INFO_OFFSET,
  htreeLimit,
  readHtreeCountLimit,
  readHtreeEntry,
  readHtreeInfo,
} from "./htree.ts";
import type { FoundInode } from "./reader_inodes.ts";
import { type Ext4Volume, hex, type ViewedBytes } from "./reader_volume.ts";

/** Hash versions: legacy, half MD4, TEA. */
const LAST_HASH_VERSION = 2;
/** Above all hashes. */
const HASH_END = 0x1_0000_0000;

/** Hashes of the names in a leaf. */
export interface HashRange {
  /** Smallest hash. */
  readonly first: number;
  /** Hash of the next leaf, 2^32 for none. Bit 0: names of this leaf may have it too. */
  readonly end: number;
}

/**
 * Walks the index of a directory of `blockCount` blocks and answers its leaves by logical block.
 * Every block must be named exactly once, hashes must ascend, and every node's checksum must be
 * right. Throws `ImageError` `CORRUPT`.
 */
export function readHtree(
  volume: Ext4Volume,
  inode: FoundInode,
  blockCount: number,
  readBlock: (logicalBlock: number) => ViewedBytes,
): ReadonlyMap<number, HashRange> {
  const index = new HtreeWalk(volume, inode, blockCount, readBlock);
  index.walk();
  return index.leaves;
}

/** Whether a name with a hash may stand in a leaf. */
export function isInRange(hash: number, { first, end }: HashRange): boolean {
  const endHash = end - end % 2;
  return hash >= first && (hash < endHash || (hash === endHash && end % 2 === 1));
}

class HtreeWalk {
  readonly leaves = new Map<number, HashRange>();
  readonly #volume: Ext4Volume;
  readonly #inode: FoundInode;
  readonly #blockCount: number;
  readonly #readBlock: (logicalBlock: number) => ViewedBytes;
  readonly #named = new Set<number>([0]);

  constructor(
    volume: Ext4Volume,
    inode: FoundInode,
    blockCount: number,
    readBlock: (logicalBlock: number) => ViewedBytes,
  ) {
    this.#volume = volume;
    this.#inode = inode;
    this.#blockCount = blockCount;
    this.#readBlock = readBlock;
  }

  walk(): void {
    const root = this.#readBlock(0);
    const info = readHtreeInfo(root.view, HTREE_ROOT_INFO_OFFSET);
    const { featureIncompat } = this.#volume.superblock;
    const maxLevels = (featureIncompat & IncompatFeature.largeDir) !== 0 ? 2 : 1;
    if (info.hashVersion > LAST_HASH_VERSION) {
      throw this.#volume.unsupported(this.#thing, `hash version is ${info.hashVersion}`, "0 to 2");
    }
    if (info.infoLength !== HTREE_INFO_LENGTH || info.indirectLevels > maxLevels) {
      this.#refuse(
        `info has length ${info.infoLength} and ${info.indirectLevels} levels`,
        `length ${HTREE_INFO_LENGTH} and at most ${maxLevels} levels`,
      );
    }
    const all = { first: 0, end: HASH_END };
    this.#readNode(root, HTREE_ROOT_ENTRIES_OFFSET, info.indirectLevels, all);
    if (this.#named.size !== this.#blockCount) {
      this.#refuse(`${this.#named.size} blocks are named`, `${this.#blockCount}`);
    }
  }

  #readNode(block: ViewedBytes, offset: number, levels: number, range: HashRange): void {
    const { view } = block;
    const { limit, count, block: firstChild } = readHtreeCountLimit(view, offset);
    const expectedLimit = htreeLimit(this.#volume.blockSize, offset, this.#volume.hasChecksums);
    if (limit !== expectedLimit || count === 0 || count > limit) {
      this.#refuse(`node has ${count} of ${limit} entries`, `1 to ${expectedLimit}`);
    }
    this.#verifyChecksum(block, offset, limit, count);
    // The first pair has no hash of its own: it begins where the node does.
    let child = firstChild;
    let first = range.first;
    for (let i = 1; i <= count; i++) {
      const next = i < count
        ? readHtreeEntry(view, offset + HTREE_ENTRY_SIZE * i)
        : { hash: range.end, block: 0 };
      // Equal hashes are right only for names of one hash that fill several leaves.
      if (next.hash < first || (next.hash === first && next.hash % 2 === 0 && i < count)) {
        this.#refuse(`hash ${hex(next.hash)} follows ${hex(first)}`, "a larger one");
      }
      this.#readChild(child, levels, { first: first - first % 2, end: next.hash });
      first = next.hash;
      child = next.block;
    }
  }

  #readChild(child: number, levels: number, range: HashRange): void {
    if (child === 0 || child >= this.#blockCount || this.#named.has(child)) {
      this.#refuse(`entry names block ${child}`, `another one below ${this.#blockCount}`);
    }
    this.#named.add(child);
    if (levels === 0) {
      this.leaves.set(child, range);
      return;
    }
    const node = this.#readBlock(child);
    const { inode, recordLength } = readDirent(node.view, 0);
    const isUnusedEntry = inode === 0 && recordLength === this.#volume.blockSize;
    if (!isUnusedEntry) {
      this.#refuse(`node in block ${child} looks like entries`, "one unused entry");
    }
    this.#readNode(node, HTREE_NODE_ENTRIES_OFFSET, levels - 1, range);
  }

  #verifyChecksum(
    { view, bytes }: ViewedBytes,
    offset: number,
    limit: number,
    count: number,
  ): void {
    if (!this.#volume.hasChecksums) return;
    const tailAt = offset + HTREE_ENTRY_SIZE * limit;
    const usedBytes = offset + HTREE_ENTRY_SIZE * count;
    const reserved = view.getUint32(tailAt, true);
    const computed = htreeChecksum(this.#inode.seed, bytes, 0, usedBytes, reserved);
    const stored = view.getUint32(tailAt + 4, true);
    if (stored !== computed) this.#refuse(`checksum is ${hex(stored)}`, hex(computed));
  }

  get #thing(): string {
    return `index of directory inode ${this.#inode.number}`;
  }

  #refuse(observed: string, expected: string): never {
    throw this.#volume.corrupt(this.#thing, observed, expected);
  }
}
