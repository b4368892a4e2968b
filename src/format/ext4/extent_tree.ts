/**
 * A file's runs of blocks as an extent tree: in the inode while four extents are enough, else in
 * blocks of their own, from the leaves up.
 *
 * @module
 */
import { divideUp } from "../../bytes/align.ts";
import { blockChecksum } from "./checksum.ts";
import type { Ext4Content, Ext4Extent } from "./content.ts";
import {
  EXTENT_ENTRY_SIZE,
  EXTENT_MAGIC,
  EXTENT_MAX_BLOCKS,
  EXTENTS_IN_INODE,
  extentsPerBlock,
  writeExtentHeader,
  writeExtentIndex,
  writeExtentLeaf,
} from "./extent.ts";
import type { Geometry } from "./geometry.ts";
import type { BlockStage } from "./image_bytes.ts";

/** How many extents on disk the runs take: none is longer than 32768 blocks. */
export function extentCount(content: Ext4Content): number {
  let count = divideUp(content.blockCount, EXTENT_MAX_BLOCKS);
  if (content.more !== null) {
    for (const run of content.more) count += divideUp(run.blockCount, EXTENT_MAX_BLOCKS);
  }
  return count;
}

/** How many blocks the tree of `extents` extents takes beside the inode. */
export function extentTreeBlocks(extents: number, blockSize: number): number {
  const perBlock = extentsPerBlock(blockSize);
  let blocks = 0;
  for (let entries = extents; entries > EXTENTS_IN_INODE;) {
    entries = divideUp(entries, perBlock);
    blocks += entries;
  }
  return blocks;
}

/** An entry on its way up: of a leaf (`length` > 0) or of an interior node. */
interface TreeEntry {
  readonly logicalBlock: number;
  readonly block: number;
  readonly length: number;
}

/**
 * Writes the blocks of the tree to `treeBlocks`, which `extentTreeBlocks` has counted, and the
 * root to `at` of `view`: 60 bytes of zeros before. `seed` is the `inodeSeed` of the file.
 */
export function writeExtentTree(
  view: DataView,
  at: number,
  content: Ext4Content,
  treeBlocks: readonly number[],
  seed: number,
  stage: BlockStage,
  geometry: Geometry,
): void {
  if (content.more === null && content.blockCount <= EXTENT_MAX_BLOCKS) {
    writeSingle(view, at, content);
    return;
  }
  let entries = leavesOf(content.runs());
  const perBlock = extentsPerBlock(geometry.blockSize);
  let depth = 0;
  for (let next = 0; entries.length > EXTENTS_IN_INODE; depth++) {
    const parents: TreeEntry[] = [];
    for (let from = 0; from < entries.length; from += perBlock) {
      const block = treeBlocks[next++];
      const node = stage.open(block);
      writeNode(stage.view, node, entries.slice(from, from + perBlock), perBlock, depth);
      const tail = node + EXTENT_ENTRY_SIZE * (1 + perBlock);
      if (geometry.hasMetadataCsum) {
        const checksum = blockChecksum(seed, stage.bytes, node, tail - node);
        stage.view.setUint32(tail, checksum, true); // et_checksum
      }
      parents.push({ logicalBlock: entries[from].logicalBlock, block, length: 0 });
    }
    entries = parents;
  }
  writeNode(view, at, entries, EXTENTS_IN_INODE, depth);
}

/** The root of a file with one extent or none, without objects: most files are like this. */
function writeSingle(view: DataView, at: number, content: Ext4Content): void {
  const { logicalBlock, startBlock, blockCount } = content;
  view.setUint16(at, EXTENT_MAGIC, true); // eh_magic
  view.setUint16(at + 2, blockCount > 0 ? 1 : 0, true); // eh_entries
  view.setUint16(at + 4, EXTENTS_IN_INODE, true); // eh_max
  if (blockCount === 0) return;
  const entry = at + EXTENT_ENTRY_SIZE;
  writeExtentLeaf(view, entry, { logicalBlock, startBlock, length: blockCount });
}

function writeNode(
  view: DataView,
  at: number,
  entries: readonly TreeEntry[],
  max: number,
  depth: number,
): void {
  const header = { magic: EXTENT_MAGIC, entries: entries.length, max, depth, generation: 0 };
  writeExtentHeader(view, at, header);
  entries.forEach(({ logicalBlock, block, length }, i) => {
    const entry = at + EXTENT_ENTRY_SIZE * (1 + i);
    if (length > 0) writeExtentLeaf(view, entry, { logicalBlock, startBlock: block, length });
    else writeExtentIndex(view, entry, { logicalBlock, childBlock: block });
  });
}

function leavesOf(runs: readonly Ext4Extent[]): TreeEntry[] {
  const leaves: TreeEntry[] = [];
  for (const { logicalBlock, startBlock, blockCount } of runs) {
    for (let done = 0; done < blockCount; done += EXTENT_MAX_BLOCKS) {
      const length = Math.min(EXTENT_MAX_BLOCKS, blockCount - done);
      leaves.push({ logicalBlock: logicalBlock + done, block: startBlock + done, length });
    }
  }
  return leaves;
}
