/**
 * The superblock of a finished image, and its copies.
 *
 * @module
 */
import type { ByteSink } from "../../io/byte_sink.ts";
import { checksumSeed, superblockChecksum } from "./checksum.ts";
import { type FeatureSet, IncompatFeature } from "./features.ts";
import { backupGroups, type Geometry, LOG_GROUPS_PER_FLEX } from "./geometry.ts";
import { GROUP_DESCRIPTOR_SIZE_64 } from "./group_descriptor.ts";
import type { GroupTables } from "./group_tables.ts";
import type { Ext4Identity } from "./identity.ts";
import { FIRST_INODE, INODE_EXTRA_ISIZE, INODE_GOOD_OLD_SIZE, JOURNAL_INODE } from "./inode.ts";
import type { Plan } from "./plan.ts";
import {
  CHECKSUM_CRC32C,
  ERRORS_CONTINUE,
  FLAG_SIGNED_HASH,
  HASH_HALF_MD4,
  JOURNAL_BACKUP_BLOCKS,
  MOUNT_ACL,
  MOUNT_XATTR_USER,
  readSuperblock,
  STATE_CLEAN,
  type Superblock,
  SUPERBLOCK_CHECKSUM_OFFSET,
  SUPERBLOCK_MAGIC,
  SUPERBLOCK_POSITION,
  SUPERBLOCK_SIZE,
  writeSuperblock,
} from "./superblock.ts";

/** What a superblock says beside the plan. */
export interface SuperblockInput {
  /** UUID and hash seed. */
  readonly identity: Ext4Identity;
  /** Volume name. */
  readonly label: Uint8Array;
  /** Feature bits. */
  readonly features: FeatureSet;
  /** Blocks that only root may use. */
  readonly reservedBlocks: number;
  /** The journal, `null` for none. */
  readonly journal: { readonly blocks: number; readonly backup: Uint8Array } | null;
  /** When the image was made, seconds since 1970. */
  readonly createdSeconds: number;
}

/** The superblock of an image. */
export function makeSuperblock(
  geometry: Geometry,
  plan: Plan,
  tables: GroupTables,
  input: SuperblockInput,
): Superblock {
  const { blockSize, inodeSize } = geometry;
  const time = Math.min(Math.max(Math.floor(input.createdSeconds), 0), 2 ** 40 - 1);
  const timeLow = time % 2 ** 32;
  const timeHigh = Math.floor(time / 2 ** 32);
  const extraIsize = inodeSize > INODE_GOOD_OLD_SIZE ? INODE_EXTRA_ISIZE : 0;
  const { journal, features } = input;
  const is64bit = geometry.descriptorSize >= GROUP_DESCRIPTOR_SIZE_64;
  const hasSeed = (features.incompat & IncompatFeature.csumSeed) !== 0;
  const overhead = geometry.firstDataBlock + plan.overheadBlocks +
    (journal === null ? 0 : journal.blocks);
  // Every field that is not named here is 0.
  const zero = readSuperblock(new DataView(new ArrayBuffer(SUPERBLOCK_SIZE)), 0);
  return {
    ...zero,
    inodesCount: plan.groups * plan.inodesPerGroup,
    blocksCount: plan.blocksCount,
    reservedBlocksCount: input.reservedBlocks,
    freeBlocksCount: tables.freeBlocksCount,
    freeInodesCount: tables.freeInodesCount,
    firstDataBlock: geometry.firstDataBlock,
    logBlockSize: Math.log2(blockSize) - 10,
    logClusterSize: Math.log2(blockSize) - 10,
    blocksPerGroup: geometry.blocksPerGroup,
    clustersPerGroup: geometry.blocksPerGroup,
    inodesPerGroup: plan.inodesPerGroup,
    wtime: timeLow,
    wtimeHigh: timeHigh,
    maxMountCount: 0xffff, // never demand a check
    magic: SUPERBLOCK_MAGIC,
    state: STATE_CLEAN,
    errors: ERRORS_CONTINUE,
    lastcheck: timeLow,
    lastcheckHigh: timeHigh,
    revision: 1,
    firstInode: FIRST_INODE,
    inodeSize,
    featureCompat: input.features.compat,
    featureIncompat: input.features.incompat,
    featureRoCompat: input.features.roCompat,
    uuid: input.identity.uuid,
    volumeName: input.label,
    reservedGdtBlocks: plan.reservedBlocks,
    journalInode: journal === null ? 0 : JOURNAL_INODE,
    hashSeed: input.identity.hashSeed,
    defaultHashVersion: HASH_HALF_MD4,
    journalBackupType: journal === null ? 0 : JOURNAL_BACKUP_BLOCKS,
    // Only a size that is not the old one is stated.
    descriptorSize: is64bit ? geometry.descriptorSize : 0,
    defaultMountOptions: MOUNT_XATTR_USER | MOUNT_ACL,
    mkfsTime: timeLow,
    mkfsTimeHigh: timeHigh,
    journalBlocks: journal === null ? zero.journalBlocks : journal.backup,
    minExtraIsize: extraIsize,
    wantExtraIsize: extraIsize,
    flags: FLAG_SIGNED_HASH,
    logGroupsPerFlex: LOG_GROUPS_PER_FLEX,
    checksumType: geometry.hasMetadataCsum ? CHECKSUM_CRC32C : 0,
    checksumSeed: hasSeed ? checksumSeed(input.identity.uuid) : 0,
    // A 32-bit field; the kernel counts for itself where it is 0.
    overheadBlocks: overhead < 2 ** 32 ? overhead : 0,
  };
}

/** Writes superblock and descriptors to every backup group; the primary ones come last. */
export function writeSuperblocks(
  sink: ByteSink,
  geometry: Geometry,
  plan: Plan,
  superblock: Superblock,
  descriptors: Uint8Array,
): void {
  const { blockSize } = geometry;
  for (const group of backupGroups(plan.groups).reverse()) {
    const block = geometry.groupStart(group);
    sink.write(descriptors, (block + 1) * blockSize);
    const bytes = new Uint8Array(SUPERBLOCK_SIZE);
    const view = new DataView(bytes.buffer);
    writeSuperblock(view, 0, { ...superblock, blockGroupNumber: group });
    if (geometry.hasMetadataCsum) {
      view.setUint32(SUPERBLOCK_CHECKSUM_OFFSET, superblockChecksum(bytes, 0), true); // s_checksum
    }
    sink.write(bytes, group === 0 ? SUPERBLOCK_POSITION : block * blockSize);
  }
}
