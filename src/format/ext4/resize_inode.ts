/**
 * The resize inode: it owns the blocks that are reserved for descriptors of groups to come, so that
 * `resize2fs` and the kernel can grow the filesystem without moving anything.
 *
 * @module
 */
import { divideUp } from "../../bytes/align.ts";
import { backupGroups, type Geometry } from "./geometry.ts";
import type { BlockStage } from "./image_bytes.ts";
import type { Plan } from "./plan.ts";

/** How many times its size a filesystem can grow by what is reserved. */
const GROWTH = 1024;
/** A larger filesystem cannot have a resize inode: its blocks are 32-bit numbers. */
const MAX_BLOCKS = 0xffff_ffff;
/** Bytes of a block number in an indirect block. */
const ADDRESS_SIZE = 4;
/** Blocks that an inode names itself. */
const DIRECT_BLOCKS = 12;
/** Index in `i_block` of the double indirect block. */
const DOUBLE_INDIRECT = 13;

/** Descriptor blocks to reserve for a filesystem of `blocksCount` blocks, as `mke2fs` does. */
export function reservedDescriptorBlocks(geometry: Geometry, blocksCount: number): number {
  const most = Math.min(blocksCount * GROWTH, MAX_BLOCKS);
  const groups = divideUp(most - geometry.firstDataBlock, geometry.blocksPerGroup);
  const used = geometry.descriptorBlocks(geometry.groupCount(blocksCount));
  const wanted = geometry.descriptorBlocks(groups) - used;
  return Math.max(0, Math.min(wanted, geometry.blockSize / ADDRESS_SIZE));
}

/** Bytes that the resize inode claims to have: all that a double indirect block can name. */
export function resizeInodeSize(blockSize: number): number {
  const addresses = blockSize / ADDRESS_SIZE;
  return (addresses * addresses + addresses + DIRECT_BLOCKS) * blockSize;
}

/** Blocks of the resize inode: the double indirect one, the reserved ones and their copies. */
export function resizeInodeBlocks(plan: Plan): number {
  return 1 + plan.reservedBlocks * backupGroups(plan.groups).length;
}

/**
 * Writes the double indirect block to `block`, and to each reserved block of group 0 the list of
 * its copies in the backup groups; `iBlock` is the offset of `i_block` in `inodes`.
 */
export function writeResizeBlocks(
  geometry: Geometry,
  plan: Plan,
  block: number,
  stage: BlockStage,
  inodes: DataView,
  iBlock: number,
): void {
  const { blockSize } = geometry;
  const addresses = blockSize / ADDRESS_SIZE;
  const descriptorBlocks = geometry.descriptorBlocks(plan.groups);
  const first = geometry.groupStart(0) + 1 + descriptorBlocks;
  const at = stage.open(block);
  for (let i = 0; i < plan.reservedBlocks; i++) {
    const slot = (descriptorBlocks + i) % addresses;
    stage.view.setUint32(at + slot * ADDRESS_SIZE, first + i, true);
  }
  inodes.setUint32(iBlock + DOUBLE_INDIRECT * 4, block, true);
  const copies = backupGroups(plan.groups).slice(1);
  if (copies.length === 0) return; // all zeros
  for (let i = 0; i < plan.reservedBlocks; i++) {
    const listAt = stage.open(first + i);
    copies.forEach((group, slot) => {
      const copy = first + i + group * geometry.blocksPerGroup;
      stage.view.setUint32(listAt + slot * ADDRESS_SIZE, copy, true);
    });
  }
}
