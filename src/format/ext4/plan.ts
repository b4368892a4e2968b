/**
 * Decides how large an image is, in how many groups and with how many inodes: pure arithmetic,
 * before anything of it is written.
 *
 * @module
 */
import { alignUp, divideUp } from "../../bytes/align.ts";
import { backupGroups, type Geometry } from "./geometry.ts";
import { reservedDescriptorBlocks } from "./resize_inode.ts";

/** Blocks that a last group has at least beside its metadata; `mke2fs` drops a shorter one. */
const LAST_GROUP_BLOCKS = 50;
/** `s_inodes_count` is a 32-bit number. */
const MAX_INODES = 0xffff_ffff;

/** What decides how groups begin. */
export interface BaseInput {
  /** Sizes of blocks, groups and structs. */
  readonly geometry: Geometry;
  /** Blocks at the start of a backup group that superblock and descriptors may take. */
  readonly gapBlocks: number;
  /** Whether descriptor blocks are reserved for growth. */
  readonly hasResizeInode: boolean;
}

/** What the image must hold. */
export interface PlanInput extends BaseInput {
  /** The block behind the last in use for file data. */
  readonly dataEnd: number;
  /** Blocks in use for file data. */
  readonly dataBlocks: number;
  /** Blocks of directories, extent trees, attributes… */
  readonly metadataBlocks: number;
  /** Number of the last inode. */
  readonly lastInode: number;
  /** How many inodes there are to be. */
  readonly inodes: InodeWish;
  /** Percent of the blocks that only root may use: they are free beside the free room. */
  readonly reservedPercent: number;
}

/** How many inodes an image is to have. */
export interface InodeWish {
  /** At least so many. */
  readonly least: number;
  /** Bytes of the image for each, `null` for no more than needed. */
  readonly ratio: number | null;
}

/** The layout of an image. */
export interface Plan {
  /** Blocks of the filesystem, those before group 0 included. */
  readonly blocksCount: number;
  /** Groups. */
  readonly groups: number;
  /** Inodes of every group. */
  readonly inodesPerGroup: number;
  /** Blocks of every inode table. */
  readonly tableBlocks: number;
  /** Descriptor blocks that are reserved for growth in every backup group. */
  readonly reservedBlocks: number;
  /** Blocks of superblock and descriptors at the start of every backup group, reserved ones too. */
  readonly baseBlocks: number;
  /** Blocks of bitmaps, tables, superblocks and descriptors of all groups. */
  readonly overheadBlocks: number;
}

/** The smallest layout that leaves `freeBlocks` blocks free, and inodes to fill them. */
export function planForFree(input: PlanInput, freeBlocks: number): Plan {
  const { geometry, lastInode } = input;
  const spare = inodesFor(input.inodes, freeBlocks * geometry.blockSize);
  const first = geometry.firstDataBlock;
  const minGroups = divideUp(
    Math.max(lastInode, input.inodes.least),
    maxInodesPerGroup(geometry),
  );
  let blocks = Math.max(input.dataEnd, geometry.groupStart(minGroups - 1) + 1);
  for (;;) {
    const plan = layOut(
      input,
      blocks,
      inodesForSize(geometry, blocks, lastInode + spare, input.inodes),
    );
    const content = input.dataBlocks + input.metadataBlocks + plan.overheadBlocks + freeBlocks;
    let needed = first + content + reservedBlocksOf(blocks, input.reservedPercent);
    if (plan.groups > 1) {
      const last = geometry.groupStart(plan.groups - 1);
      needed = Math.max(needed, last + lastGroupMinimum(plan));
    }
    if (needed <= blocks) return plan;
    blocks = needed;
  }
}

/**
 * The layouts of a filesystem of exactly `blocksCount` blocks into which the content fits, the
 * best one first: with inodes for the room that is left, one for every 16 KiB, just enough.
 */
export function plansForSize(input: PlanInput, blocksCount: number): Plan[] {
  const { geometry, lastInode } = input;
  if (blocksCount < input.dataEnd || blocksCount <= geometry.firstDataBlock) return [];
  const content = input.dataBlocks + input.metadataBlocks;
  const left = Math.max(0, blocksCount - content) * geometry.blockSize;
  const usual = inodesForSize(geometry, blocksCount, lastInode, input.inodes);
  const roomy = Math.max(usual, lastInode + inodesFor(input.inodes, left));
  const least = Math.max(lastInode, input.inodes.least);
  return [roomy, usual, least]
    .map((inodes) => layOut(input, blocksCount, inodes))
    .filter((plan) => {
      const used = geometry.firstDataBlock + content + plan.overheadBlocks;
      return used <= blocksCount && plan.groups * plan.inodesPerGroup >= least;
    });
}

/**
 * Blocks of a filesystem that fills `sizeBytes`: a last group that is too short for its own
 * metadata is left out, as `mke2fs` does.
 */
export function blocksForSize(
  geometry: Geometry,
  sizeBytes: number,
  hasResizeInode: boolean,
  inodes: InodeWish,
): number {
  const blocks = Math.floor(sizeBytes / geometry.blockSize);
  if (blocks <= geometry.firstDataBlock) return blocks;
  const base: BaseInput = { geometry, gapBlocks: Infinity, hasResizeInode };
  const plan = layOut(base, blocks, inodesForSize(geometry, blocks, 0, inodes));
  const lastStart = geometry.groupStart(plan.groups - 1);
  return plan.groups > 1 && blocks - lastStart < lastGroupMinimum(plan) ? lastStart : blocks;
}

function lastGroupMinimum(plan: Plan): number {
  const isBackup = backupGroups(plan.groups).at(-1) === plan.groups - 1;
  return (isBackup ? plan.baseBlocks : 0) + 2 + plan.tableBlocks + LAST_GROUP_BLOCKS;
}

/** Blocks that only root may use, of a filesystem of `blocksCount` blocks. */
export function reservedBlocksOf(blocksCount: number, percent: number): number {
  return Math.floor(blocksCount * percent / 100);
}

function inodesForSize(
  geometry: Geometry,
  blocks: number,
  needed: number,
  wish: InodeWish,
): number {
  return Math.max(needed, wish.least, inodesFor(wish, blocks * geometry.blockSize));
}

function inodesFor(wish: InodeWish, bytes: number): number {
  return wish.ratio === null ? 0 : Math.floor(bytes / wish.ratio);
}

/** Spreads inodes over the groups of a filesystem of `blocksCount` blocks. */
function layOut(input: BaseInput, blocksCount: number, inodes: number): Plan {
  const { geometry } = input;
  const groups = geometry.groupCount(blocksCount);
  // Whole blocks of inodes, and whole bytes of the bitmap.
  const unit = Math.max(8, geometry.inodesPerBlock);
  const most = Math.min(
    maxInodesPerGroup(geometry),
    Math.floor(MAX_INODES / groups / unit) * unit,
  );
  const inodesPerGroup = Math.min(most, Math.max(unit, alignUp(divideUp(inodes, groups), unit)));
  const tableBlocks = divideUp(inodesPerGroup, geometry.inodesPerBlock);
  const descriptorBlocks = 1 + geometry.descriptorBlocks(groups);
  const reservedBlocks = input.hasResizeInode
    ? Math.max(
      0,
      Math.min(
        reservedDescriptorBlocks(geometry, blocksCount),
        input.gapBlocks - descriptorBlocks,
      ),
    )
    : 0;
  const baseBlocks = descriptorBlocks + reservedBlocks;
  const overheadBlocks = groups * (2 + tableBlocks) + backupGroups(groups).length * baseBlocks;
  return {
    blocksCount,
    groups,
    inodesPerGroup,
    tableBlocks,
    reservedBlocks,
    baseBlocks,
    overheadBlocks,
  };
}

function maxInodesPerGroup(geometry: Geometry): number {
  const unit = Math.max(8, geometry.inodesPerBlock);
  return Math.min(8 * geometry.blockSize, 65536 - unit);
}
