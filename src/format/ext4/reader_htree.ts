/**
 * The index of a directory, verified: which blocks are its nodes and which are leaves.
 *
 * @module
 */
import { htreeChecksum } from "./checksum.ts";
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
import type { Ext4Volume, ViewedBytes } from "./reader_volume.ts";

/** Hash versions: legacy, half MD4, TEA (signed), and the same unsigned. */
const LAST_HASH_VERSION = 5;

/** What block of a directory each block number stands for. */
export interface HtreeBlocks {
  /** Logical blocks that are nodes of the index, block 0 included. */
  readonly nodes: ReadonlySet<number>;
}

/**
 * Walks the index of a directory of `blockCount` blocks. Every block must be named exactly once,
 * hashes must ascend, and every node's checksum must be right. Throws `ImageError` `CORRUPT`.
 */
export function readHtree(
  volume: Ext4Volume,
  inode: FoundInode,
  blockCount: number,
  readBlock: (logicalBlock: number) => ViewedBytes,
): HtreeBlocks {
  const thing = `index of directory inode ${inode.number}`;
  const refuse = (observed: string, expected: string): never => {
    throw volume.corrupt(thing, observed, expected);
  };
  const root = readBlock(0);
  const info = readHtreeInfo(root.view, HTREE_ROOT_INFO_OFFSET);
  const hasLargeDir = (volume.superblock.featureIncompat & IncompatFeature.largeDir) !== 0;
  if (info.hashVersion > LAST_HASH_VERSION) {
    throw volume.unsupported(thing, `hash version is ${info.hashVersion}`, "0 to 5");
  }
  if (info.infoLength !== HTREE_INFO_LENGTH || info.indirectLevels > (hasLargeDir ? 2 : 1)) {
    refuse(
      `info has length ${info.infoLength} and ${info.indirectLevels} levels`,
      `length 8 and at most ${hasLargeDir ? 2 : 1} levels`,
    );
  }
  const nodes = new Set<number>([0]);
  const named = new Set<number>([0]);
  let lastHash = 0;

  const readNode = (block: ViewedBytes, offset: number, levels: number, isFirst: boolean): void => {
    const { view, bytes } = block;
    const { limit, count, block: firstChild } = readHtreeCountLimit(view, offset);
    const expectedLimit = htreeLimit(volume.blockSize, offset, volume.hasChecksums);
    if (limit !== expectedLimit || count === 0 || count > limit) {
      refuse(`node has ${count} of ${limit} entries`, `1 to ${expectedLimit}`);
    }
    if (volume.hasChecksums) {
      const tailAt = offset + HTREE_ENTRY_SIZE * limit;
      const computed = htreeChecksum(
        inode.seed,
        bytes,
        0,
        offset + HTREE_ENTRY_SIZE * count,
        view.getUint32(tailAt, true),
      );
      const stored = view.getUint32(tailAt + 4, true);
      if (stored !== computed) {
        refuse(`checksum is 0x${stored.toString(16)}`, `0x${computed.toString(16)}`);
      }
    }
    for (let i = 0; i < count; i++) {
      const { hash, block: child } = i === 0
        ? { hash: null, block: firstChild }
        : readHtreeEntry(view, offset + HTREE_ENTRY_SIZE * i);
      if (hash !== null) {
        // The lowest bit says that the child before ends with the same hash.
        if (hash < lastHash || (hash === lastHash && !isFirst)) {
          refuse(`hash 0x${hash.toString(16)} follows 0x${lastHash.toString(16)}`, "a larger one");
        }
        lastHash = hash;
        isFirst = false;
      }
      if (child === 0 || child >= blockCount || named.has(child)) {
        refuse(`entry names block ${child}`, `another one below ${blockCount}`);
      }
      named.add(child);
      if (levels > 0) {
        nodes.add(child);
        const node = readBlock(child);
        if (
          node.view.getUint32(0, true) !== 0 || node.view.getUint16(4, true) !== volume.blockSize
        ) {
          refuse(`node in block ${child} looks like entries`, "one unused entry");
        }
        readNode(node, HTREE_NODE_ENTRIES_OFFSET, levels - 1, isFirst);
      }
    }
  };
  readNode(root, HTREE_ROOT_ENTRIES_OFFSET, info.indirectLevels, true);
  if (named.size !== blockCount) {
    refuse(`${named.size} blocks are named`, `${blockCount}`);
  }
  return { nodes };
}
