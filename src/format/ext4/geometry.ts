/**
 * The measures that are fixed before the first byte: blocks, groups, and which groups hold a copy
 * of superblock and descriptors (`sparse_super`).
 *
 * @module
 */
import { divideUp } from "../../bytes/align.ts";
import { DIRENT_TAIL_SIZE } from "./dirent.ts";

/** How many groups keep their bitmaps and inode tables together (2 to the power of 4). */
export const LOG_GROUPS_PER_FLEX = 4;
/** Groups of a flex group. */
export const GROUPS_PER_FLEX = 16;

/** Sizes of an image's parts. */
export class Geometry {
  /** Bytes of a block. */
  readonly blockSize: number;
  /** Bytes of an inode. */
  readonly inodeSize: number;
  /** Bytes of a group descriptor. */
  readonly descriptorSize: number;
  /** Whether every block of metadata has a checksum. */
  readonly hasMetadataCsum: boolean;
  /** Block where group 0 starts: 1 where the boot block fills block 0. */
  readonly firstDataBlock: number;
  /** Blocks of a group: as many as a bitmap block has bits. */
  readonly blocksPerGroup: number;

  /** Creates the measures of an image. */
  constructor(
    blockSize: number,
    inodeSize: number,
    descriptorSize: number,
    hasMetadataCsum = true,
  ) {
    this.blockSize = blockSize;
    this.inodeSize = inodeSize;
    this.descriptorSize = descriptorSize;
    this.hasMetadataCsum = hasMetadataCsum;
    this.firstDataBlock = blockSize === 1024 ? 1 : 0;
    this.blocksPerGroup = 8 * blockSize;
  }

  /** Inodes of a block of an inode table. */
  get inodesPerBlock(): number {
    return this.blockSize / this.inodeSize;
  }

  /** Bytes of a directory block for entries: all but the checksum. */
  get directoryRoom(): number {
    return this.blockSize - (this.hasMetadataCsum ? DIRENT_TAIL_SIZE : 0);
  }

  /** First block of a group. */
  groupStart(group: number): number {
    return this.firstDataBlock + group * this.blocksPerGroup;
  }

  /** The group of a block. */
  groupOf(block: number): number {
    return Math.floor((block - this.firstDataBlock) / this.blocksPerGroup);
  }

  /** Groups of a filesystem of `blocksCount` blocks. */
  groupCount(blocksCount: number): number {
    return divideUp(blocksCount - this.firstDataBlock, this.blocksPerGroup);
  }

  /** Blocks that the descriptors of `groups` groups take. */
  descriptorBlocks(groups: number): number {
    return divideUp(groups * this.descriptorSize, this.blockSize);
  }
}

/** Whether a group begins with a superblock and the descriptors: 0, 1 and powers of 3, 5, 7. */
export function isBackupGroup(group: number): boolean {
  return group <= 1 || isPowerOf(3, group) || isPowerOf(5, group) || isPowerOf(7, group);
}

/** The first backup group that is not before `group`. */
export function nextBackupGroup(group: number): number {
  if (group <= 1) return group;
  return Math.min(nextPower(3, group), nextPower(5, group), nextPower(7, group));
}

/** The backup groups below `groups`, ascending. */
export function backupGroups(groups: number): number[] {
  const found: number[] = [];
  for (let group = 0; group < groups; group = nextBackupGroup(group + 1)) found.push(group);
  return found;
}

function isPowerOf(base: number, value: number): boolean {
  return nextPower(base, value) === value;
}

function nextPower(base: number, least: number): number {
  let power = base;
  while (power < least) power *= base;
  return power;
}
