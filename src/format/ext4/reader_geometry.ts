/**
 * Whether a superblock describes an image that can be read: its features and its measures.
 *
 * @module
 */
import { divideUp } from "../../bytes/align.ts";
import { CompatFeature, featureNames, IncompatFeature, RoCompatFeature } from "./features.ts";
import { isBackupGroup } from "./geometry.ts";
import { GROUP_DESCRIPTOR_SIZE_32, GROUP_DESCRIPTOR_SIZE_64 } from "./group_descriptor.ts";
import { FIRST_INODE, INODE_GOOD_OLD_SIZE } from "./inode.ts";
import type { Superblock } from "./superblock.ts";

const SUPPORTED_INCOMPAT = IncompatFeature.filetype | IncompatFeature.recover |
  IncompatFeature.metaBg | IncompatFeature.extents | IncompatFeature.is64bit |
  IncompatFeature.mmp | IncompatFeature.flexBg | IncompatFeature.eaInode |
  IncompatFeature.csumSeed | IncompatFeature.largeDir | IncompatFeature.inlineData;

/** Largest block: 64 KiB. */
const LOG_BLOCK_SIZE_MAX = 6;
/** Largest cluster: 512 MiB (`EXT2_MAX_CLUSTER_LOG_SIZE`). */
const LOG_CLUSTER_SIZE_MAX = 19;
/** Most groups that keep their tables together. */
const LOG_GROUPS_PER_FLEX_MAX = 31;
/** Most bytes of group descriptors: those of a million groups, 128 TiB in blocks of 4 KiB. */
const DESCRIPTOR_BYTES_MAX = 64 * 1024 * 1024;

/** Why an image is not read. */
export interface Refusal {
  /** Code of the error. */
  readonly code: "CORRUPT" | "UNSUPPORTED" | "LIMIT_EXCEEDED";
  /** What the superblock says. */
  readonly observed: string;
  /** What it should. */
  readonly expected: string;
}

/** A superblock whose fields that revision 0 does not have are what they are fixed to. */
export function superblockOfRevision(superblock: Superblock): Superblock {
  if (superblock.revision !== 0) return superblock;
  return { ...superblock, firstInode: FIRST_INODE, inodeSize: INODE_GOOD_OLD_SIZE };
}

/** Features that change how an image is read and are not known, `null` for none. */
export function unknownFeature(superblock: Superblock): Refusal | null {
  const { featureIncompat, featureRoCompat, revision } = superblock;
  if (revision > 1) return unsupported(`revision is ${revision}`, "0 or 1");
  const unknown = featureNames({
    compat: 0,
    incompat: (featureIncompat & ~SUPPORTED_INCOMPAT) >>> 0,
    roCompat: 0,
  });
  if (unknown.length > 0) {
    return unsupported(
      `features ${unknown.join(", ")}`,
      "only features that this reader knows",
    );
  }
  const bothSums = RoCompatFeature.metadataCsum | RoCompatFeature.uninitBg;
  if ((featureRoCompat & bothSums) === bothSums) {
    return corrupt("features metadata_csum, uninit_bg", "one of the two");
  }
  return null;
}

/** What of the measures cannot be, in an image of `imageSize` bytes; `null` for nothing. */
export function badGeometry(s: Superblock, imageSize: number): Refusal | null {
  if (s.logBlockSize > LOG_BLOCK_SIZE_MAX) {
    return unsupported(`block size is 2^${10 + s.logBlockSize}`, "1024 to 65536");
  }
  const blockSize = 1024 * 2 ** s.logBlockSize;
  return badClusters(s) ?? badGroups(s, blockSize) ?? badCounts(s, blockSize, imageSize) ??
    badSizes(s, blockSize) ?? badDescriptors(s, blockSize);
}

/** Number of block groups. */
export function groupCountOf({ blocksCount, firstDataBlock, blocksPerGroup }: Superblock): number {
  return divideUp(blocksCount - firstDataBlock, blocksPerGroup);
}

/** Bytes of a group descriptor. */
export function descriptorSizeOf({ featureIncompat, descriptorSize }: Superblock): number {
  const is64bit = (featureIncompat & IncompatFeature.is64bit) !== 0;
  return is64bit ? descriptorSize : GROUP_DESCRIPTOR_SIZE_32;
}

/** Whether a group begins with a superblock and, without `meta_bg`, the descriptors. */
export function hasSuperblock(superblock: Superblock, group: number): boolean {
  const { featureCompat, featureRoCompat, backupGroup0, backupGroup1 } = superblock;
  if (group === 0) return true;
  if ((featureCompat & CompatFeature.sparseSuper2) !== 0) {
    return group === backupGroup0 || group === backupGroup1;
  }
  return (featureRoCompat & RoCompatFeature.sparseSuper) === 0 || isBackupGroup(group);
}

function badClusters(s: Superblock): Refusal | null {
  const isBigalloc = (s.featureRoCompat & RoCompatFeature.bigalloc) !== 0;
  const most = isBigalloc ? LOG_CLUSTER_SIZE_MAX : s.logBlockSize;
  if (s.logClusterSize < s.logBlockSize || s.logClusterSize > most) {
    return corrupt(`cluster size is 2^${10 + s.logClusterSize}`, "the block size");
  }
  const ratio = 2 ** (s.logClusterSize - s.logBlockSize);
  if (s.clustersPerGroup * ratio !== s.blocksPerGroup) {
    return corrupt(
      `${s.clustersPerGroup} clusters of ${ratio} blocks in a group`,
      `${s.blocksPerGroup} blocks`,
    );
  }
  return null;
}

function badGroups(s: Superblock, blockSize: number): Refusal | null {
  const bitsPerBlock = 8 * blockSize;
  for (const field of ["clustersPerGroup", "inodesPerGroup"] as const) {
    if (s[field] === 0 || s[field] % 8 !== 0 || s[field] > bitsPerBlock) {
      return corrupt(`${field} is ${s[field]}`, `a multiple of 8 up to ${bitsPerBlock}`);
    }
  }
  return null;
}

function badCounts(s: Superblock, blockSize: number, imageSize: number): Refusal | null {
  // With clusters the boot block is part of the first one.
  const firstDataBlock = blockSize === 1024 && s.logClusterSize === 0 ? 1 : 0;
  if (s.firstDataBlock !== firstDataBlock) {
    return corrupt(`first data block is ${s.firstDataBlock}`, `${firstDataBlock}`);
  }
  const blocksInImage = Math.floor(imageSize / blockSize);
  if (s.blocksCount <= firstDataBlock || s.blocksCount > blocksInImage) {
    return corrupt(
      `block count is ${s.blocksCount}`,
      `at most ${blocksInImage}, the image's size`,
    );
  }
  const groups = groupCountOf(s);
  if (s.inodesCount !== groups * s.inodesPerGroup) {
    return corrupt(
      `inode count is ${s.inodesCount}`,
      `${groups} groups of ${s.inodesPerGroup}`,
    );
  }
  return null;
}

function badSizes(s: Superblock, blockSize: number): Refusal | null {
  if (
    !isPowerOfTwo(s.inodeSize) || s.inodeSize < INODE_GOOD_OLD_SIZE || s.inodeSize > blockSize
  ) {
    return corrupt(`inode size is ${s.inodeSize}`, `a power of two from 128 to ${blockSize}`);
  }
  if (s.logGroupsPerFlex > LOG_GROUPS_PER_FLEX_MAX) {
    return corrupt(
      `groups that stand together are 2^${s.logGroupsPerFlex}`,
      `at most 2^${LOG_GROUPS_PER_FLEX_MAX}`,
    );
  }
  if (s.firstInode < FIRST_INODE || s.firstInode > s.inodesCount) {
    return corrupt(`first inode is ${s.firstInode}`, `${FIRST_INODE} or a little more`);
  }
  return null;
}

function badDescriptors(s: Superblock, blockSize: number): Refusal | null {
  const size = descriptorSizeOf(s);
  const least = (s.featureIncompat & IncompatFeature.is64bit) === 0
    ? GROUP_DESCRIPTOR_SIZE_32
    : GROUP_DESCRIPTOR_SIZE_64;
  if (!isPowerOfTwo(size) || size < least || size > blockSize) {
    return corrupt(`descriptor size is ${size}`, `${least}`);
  }
  const byteCount = groupCountOf(s) * size;
  if (byteCount > DESCRIPTOR_BYTES_MAX) {
    return {
      code: "LIMIT_EXCEEDED",
      observed: `group descriptors take ${byteCount} bytes`,
      expected: `at most ${DESCRIPTOR_BYTES_MAX}`,
    };
  }
  const hasMetaBg = (s.featureIncompat & IncompatFeature.metaBg) !== 0;
  const blocks = divideUp(byteCount, blockSize);
  if (hasMetaBg ? s.firstMetaBg > blocks : blocks >= s.blocksPerGroup) {
    return corrupt(
      hasMetaBg
        ? `first group of descriptors is ${s.firstMetaBg}`
        : `descriptors take ${blocks} blocks`,
      hasMetaBg ? `at most ${blocks}` : `fewer than a group has (${s.blocksPerGroup})`,
    );
  }
  if (s.reservedGdtBlocks > blockSize / 4) {
    return corrupt(
      `${s.reservedGdtBlocks} blocks are reserved for descriptors`,
      `at most ${blockSize / 4}`,
    );
  }
  return null;
}

function corrupt(observed: string, expected: string): Refusal {
  return { code: "CORRUPT", observed, expected };
}

function unsupported(observed: string, expected: string): Refusal {
  return { code: "UNSUPPORTED", observed, expected };
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && Number.isInteger(Math.log2(value));
}
