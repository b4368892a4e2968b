/**
 * Plans the index (htree) of a directory: which names stand in which leaf, and how many nodes lead
 * to them.
 *
 * @module
 */
import { divideUp } from "../../bytes/align.ts";
import type { ByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import type { DirectoryHasher } from "./directory_hash.ts";
import { direntSize } from "./dirent.ts";
import type { Geometry } from "./geometry.ts";
import { HTREE_NODE_ENTRIES_OFFSET, HTREE_ROOT_ENTRIES_OFFSET, htreeLimit } from "./htree.ts";

/** Percent of a leaf that stay free, so that a new name does not split it (as `e2fsck -D`). */
export const LEAF_SLACK_PERCENT = 20;
/** Part of an interior node that is filled, for the same reason. */
const NODE_FILL = 3 / 4;
/** Levels of interior nodes without the feature `large_dir`, and with it. */
const MAX_LEVELS = 1;
const MAX_LEVELS_LARGE = 2;

/** An index, decided but not written. */
export interface DirectoryIndex {
  /** Numbers of the names (in byte order) in the order of their hashes. */
  readonly order: Uint32Array;
  /** Where each leaf begins in `order`; one more at the end. */
  readonly leafStarts: readonly number[];
  /** First hash of each leaf; bit 0 where the leaf before ends with the same hash. */
  readonly leafHashes: readonly number[];
  /** How many units each level has, leaves first, the children of the root last. */
  readonly levelCounts: readonly number[];
}

/**
 * Plans the index of a directory, with `slackPercent` of each leaf free. Throws `ImageError` `LIMIT_EXCEEDED` where
 * three levels are full.
 */
export function planDirectoryIndex(
  names: readonly ByteString[],
  geometry: Geometry,
  hasher: DirectoryHasher,
  slackPercent: number,
): DirectoryIndex {
  const hashes = new Uint32Array(names.length);
  const order = new Uint32Array(names.length);
  for (let i = 0; i < names.length; i++) {
    hashes[i] = hasher.hash(names[i]);
    order[i] = i;
  }
  order.sort((a, b) => hashes[a] - hashes[b] || a - b);
  const leafStarts: number[] = [0];
  const leafHashes: number[] = [0];
  const room = geometry.directoryRoom;
  const fill = Math.floor(room * (100 - slackPercent) / 100);
  let used = 0;
  for (let i = 0; i < order.length; i++) {
    const size = direntSize(names[order[i]].length);
    if (used > 0 && used + size > fill) {
      const hash = hashes[order[i]];
      leafStarts.push(i);
      leafHashes.push(hash === hashes[order[i - 1]] ? hash + 1 : hash);
      used = 0;
    }
    used += size;
  }
  leafStarts.push(order.length);
  return { order, leafStarts, leafHashes, levelCounts: countLevels(leafHashes.length, geometry) };
}

/** Blocks of the directory: root, interior nodes, leaves. */
export function indexedDirectoryBlocks(index: DirectoryIndex): number {
  return index.levelCounts.reduce((sum, count) => sum + count, 1);
}

/** Whether an index needs the feature `large_dir`. */
export function needsLargeDir(index: DirectoryIndex): boolean {
  return index.levelCounts.length - 1 > MAX_LEVELS;
}

/** Where the children of node `i` of `nodes` begin among `children`: they are spread evenly. */
export function firstChild(i: number, nodes: number, children: number): number {
  return Math.floor(i * children / nodes);
}

function countLevels(leaves: number, { blockSize, hasMetadataCsum }: Geometry): number[] {
  const rootLimit = htreeLimit(blockSize, HTREE_ROOT_ENTRIES_OFFSET, hasMetadataCsum);
  const nodeLimit = htreeLimit(blockSize, HTREE_NODE_ENTRIES_OFFSET, hasMetadataCsum);
  const perNode = Math.floor(nodeLimit * NODE_FILL);
  const counts = [leaves];
  for (let count = leaves; count > rootLimit;) {
    count = divideUp(count, perNode);
    counts.push(count);
  }
  if (counts.length - 1 > MAX_LEVELS_LARGE) {
    throw new ImageError(
      "LIMIT_EXCEEDED",
      `Cannot index directory: ${leaves} blocks of names, ` +
        `expected at most ${Math.floor(rootLimit * perNode ** 2)}`,
    );
  }
  return counts;
}
