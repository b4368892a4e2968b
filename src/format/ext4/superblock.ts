/**
 * The superblock (kernel `struct ext4_super_block`): 1024 bytes at byte 1024 of the image, with
 * copies at the start of the backup groups. Little-endian.
 *
 * @module
 */
import { getU64, setU64 } from "../../bytes/u64.ts";
import { getBytes, setBytes } from "../../bytes/view_bytes.ts";

/** Bytes of the superblock. */
export const SUPERBLOCK_SIZE = 1024;
/** Where the primary superblock stands, whatever the block size. */
export const SUPERBLOCK_POSITION = 1024;
/** `s_magic`. */
export const SUPERBLOCK_MAGIC = 0xef53;
/** Offset of `s_checksum`. */
export const SUPERBLOCK_CHECKSUM_OFFSET = 0x3fc;

/** `s_state`: cleanly unmounted. */
export const STATE_CLEAN = 1;
/** `s_state`: errors were found. */
export const STATE_ERROR = 2;
/** `s_errors`: go on after an error. */
export const ERRORS_CONTINUE = 1;
/** `s_errors`: remount read-only after an error. */
export const ERRORS_READ_ONLY = 2;
/** `s_def_hash_version`: half MD4. */
export const HASH_HALF_MD4 = 1;
/** `s_jnl_backup_type`: `s_jnl_blocks` is a copy of the journal's inode. */
export const JOURNAL_BACKUP_BLOCKS = 1;
/** `s_flags`: directory hashes take name bytes as signed. */
export const FLAG_SIGNED_HASH = 1;
/** `s_flags`: directory hashes take name bytes as unsigned. */
export const FLAG_UNSIGNED_HASH = 2;
/** `s_checksum_type`: CRC-32C. */
export const CHECKSUM_CRC32C = 1;
/** `s_default_mount_opts`: `user_xattr`. */
export const MOUNT_XATTR_USER = 0x4;
/** `s_default_mount_opts`: `acl`. */
export const MOUNT_ACL = 0x8;

/** Fields of the superblock; `…Count` in blocks, groups or inodes, times in seconds since 1970. */
export interface Superblock {
  inodesCount: number;
  blocksCount: number;
  reservedBlocksCount: number;
  freeBlocksCount: number;
  freeInodesCount: number;
  firstDataBlock: number;
  /** Block size is 2 to the power of 10 + this. */
  logBlockSize: number;
  logClusterSize: number;
  blocksPerGroup: number;
  clustersPerGroup: number;
  inodesPerGroup: number;
  mtime: number;
  wtime: number;
  mountCount: number;
  maxMountCount: number;
  magic: number;
  state: number;
  errors: number;
  minorRevision: number;
  lastcheck: number;
  checkinterval: number;
  creatorOs: number;
  revision: number;
  defaultReservedUid: number;
  defaultReservedGid: number;
  firstInode: number;
  inodeSize: number;
  /** Group in which this copy stands. */
  blockGroupNumber: number;
  featureCompat: number;
  featureIncompat: number;
  featureRoCompat: number;
  uuid: Uint8Array;
  volumeName: Uint8Array;
  lastMounted: Uint8Array;
  reservedGdtBlocks: number;
  journalUuid: Uint8Array;
  journalInode: number;
  lastOrphan: number;
  hashSeed: Uint8Array;
  defaultHashVersion: number;
  journalBackupType: number;
  descriptorSize: number;
  defaultMountOptions: number;
  firstMetaBg: number;
  mkfsTime: number;
  /** Copy of the journal inode's `i_block` (60 bytes), size high and size low. */
  journalBlocks: Uint8Array;
  minExtraIsize: number;
  wantExtraIsize: number;
  flags: number;
  /** Block of the protection against several mounts (`mmp`). */
  mmpBlock: number;
  logGroupsPerFlex: number;
  checksumType: number;
  kbytesWritten: number;
  userQuotaInode: number;
  groupQuotaInode: number;
  overheadBlocks: number;
  backupGroup0: number;
  backupGroup1: number;
  lostAndFoundInode: number;
  projectQuotaInode: number;
  checksumSeed: number;
  wtimeHigh: number;
  mtimeHigh: number;
  mkfsTimeHigh: number;
  lastcheckHigh: number;
  orphanFileInode: number;
  checksum: number;
}

/** Writes a superblock; bytes of fields that are not listed stay as they are. */
export function writeSuperblock(view: DataView, at: number, x: Superblock): void {
  view.setUint32(at + 0x000, x.inodesCount, true); // s_inodes_count
  view.setUint32(at + 0x004, x.blocksCount, true); // s_blocks_count_lo
  view.setUint32(at + 0x008, x.reservedBlocksCount, true); // s_r_blocks_count_lo
  view.setUint32(at + 0x00c, x.freeBlocksCount, true); // s_free_blocks_count_lo
  view.setUint32(at + 0x010, x.freeInodesCount, true); // s_free_inodes_count
  view.setUint32(at + 0x014, x.firstDataBlock, true); // s_first_data_block
  view.setUint32(at + 0x018, x.logBlockSize, true); // s_log_block_size
  view.setUint32(at + 0x01c, x.logClusterSize, true); // s_log_cluster_size
  view.setUint32(at + 0x020, x.blocksPerGroup, true); // s_blocks_per_group
  view.setUint32(at + 0x024, x.clustersPerGroup, true); // s_clusters_per_group
  view.setUint32(at + 0x028, x.inodesPerGroup, true); // s_inodes_per_group
  view.setUint32(at + 0x02c, x.mtime, true); // s_mtime
  view.setUint32(at + 0x030, x.wtime, true); // s_wtime
  view.setUint16(at + 0x034, x.mountCount, true); // s_mnt_count
  view.setUint16(at + 0x036, x.maxMountCount, true); // s_max_mnt_count
  view.setUint16(at + 0x038, x.magic, true); // s_magic
  view.setUint16(at + 0x03a, x.state, true); // s_state
  view.setUint16(at + 0x03c, x.errors, true); // s_errors
  view.setUint16(at + 0x03e, x.minorRevision, true); // s_minor_rev_level
  view.setUint32(at + 0x040, x.lastcheck, true); // s_lastcheck
  view.setUint32(at + 0x044, x.checkinterval, true); // s_checkinterval
  view.setUint32(at + 0x048, x.creatorOs, true); // s_creator_os
  view.setUint32(at + 0x04c, x.revision, true); // s_rev_level
  view.setUint16(at + 0x050, x.defaultReservedUid, true); // s_def_resuid
  view.setUint16(at + 0x052, x.defaultReservedGid, true); // s_def_resgid
  view.setUint32(at + 0x054, x.firstInode, true); // s_first_ino
  view.setUint16(at + 0x058, x.inodeSize, true); // s_inode_size
  view.setUint16(at + 0x05a, x.blockGroupNumber, true); // s_block_group_nr
  view.setUint32(at + 0x05c, x.featureCompat, true); // s_feature_compat
  view.setUint32(at + 0x060, x.featureIncompat, true); // s_feature_incompat
  view.setUint32(at + 0x064, x.featureRoCompat, true); // s_feature_ro_compat
  setBytes(view, at + 0x068, x.uuid, 16); // s_uuid
  setBytes(view, at + 0x078, x.volumeName, 16); // s_volume_name
  setBytes(view, at + 0x088, x.lastMounted, 64); // s_last_mounted
  view.setUint16(at + 0x0ce, x.reservedGdtBlocks, true); // s_reserved_gdt_blocks
  setBytes(view, at + 0x0d0, x.journalUuid, 16); // s_journal_uuid
  view.setUint32(at + 0x0e0, x.journalInode, true); // s_journal_inum
  view.setUint32(at + 0x0e8, x.lastOrphan, true); // s_last_orphan
  setBytes(view, at + 0x0ec, x.hashSeed, 16); // s_hash_seed
  view.setUint8(at + 0x0fc, x.defaultHashVersion); // s_def_hash_version
  view.setUint8(at + 0x0fd, x.journalBackupType); // s_jnl_backup_type
  view.setUint16(at + 0x0fe, x.descriptorSize, true); // s_desc_size
  view.setUint32(at + 0x100, x.defaultMountOptions, true); // s_default_mount_opts
  view.setUint32(at + 0x104, x.firstMetaBg, true); // s_first_meta_bg
  view.setUint32(at + 0x108, x.mkfsTime, true); // s_mkfs_time
  setBytes(view, at + 0x10c, x.journalBlocks, 68); // s_jnl_blocks
  view.setUint32(at + 0x150, Math.floor(x.blocksCount / 0x1_0000_0000), true); // s_blocks_count_hi
  view.setUint32(at + 0x154, Math.floor(x.reservedBlocksCount / 0x1_0000_0000), true); // s_r_blocks_count_hi
  view.setUint32(at + 0x158, Math.floor(x.freeBlocksCount / 0x1_0000_0000), true); // s_free_blocks_count_hi
  view.setUint16(at + 0x15c, x.minExtraIsize, true); // s_min_extra_isize
  view.setUint16(at + 0x15e, x.wantExtraIsize, true); // s_want_extra_isize
  view.setUint32(at + 0x160, x.flags, true); // s_flags
  setU64(view, at + 0x168, x.mmpBlock); // s_mmp_block
  view.setUint8(at + 0x174, x.logGroupsPerFlex); // s_log_groups_per_flex
  view.setUint8(at + 0x175, x.checksumType); // s_checksum_type
  setU64(view, at + 0x178, x.kbytesWritten); // s_kbytes_written
  view.setUint32(at + 0x240, x.userQuotaInode, true); // s_usr_quota_inum
  view.setUint32(at + 0x244, x.groupQuotaInode, true); // s_grp_quota_inum
  view.setUint32(at + 0x248, x.overheadBlocks, true); // s_overhead_blocks
  view.setUint32(at + 0x24c, x.backupGroup0, true); // s_backup_bgs[0]
  view.setUint32(at + 0x250, x.backupGroup1, true); // s_backup_bgs[1]
  view.setUint32(at + 0x268, x.lostAndFoundInode, true); // s_lpf_ino
  view.setUint32(at + 0x26c, x.projectQuotaInode, true); // s_prj_quota_inum
  view.setUint32(at + 0x270, x.checksumSeed, true); // s_checksum_seed
  view.setUint8(at + 0x274, x.wtimeHigh); // s_wtime_hi
  view.setUint8(at + 0x275, x.mtimeHigh); // s_mtime_hi
  view.setUint8(at + 0x276, x.mkfsTimeHigh); // s_mkfs_time_hi
  view.setUint8(at + 0x277, x.lastcheckHigh); // s_lastcheck_hi
  view.setUint32(at + 0x280, x.orphanFileInode, true); // s_orphan_file_inum
  view.setUint32(at + 0x3fc, x.checksum, true); // s_checksum
}

/** Reads a superblock as it stands; the caller checks magic, checksum and values. */
export function readSuperblock(view: DataView, at: number): Superblock {
  return {
    inodesCount: view.getUint32(at + 0x000, true), // s_inodes_count
    blocksCount: split(view, at, 0x004, 0x150), // s_blocks_count
    reservedBlocksCount: split(view, at, 0x008, 0x154), // s_r_blocks_count
    freeBlocksCount: split(view, at, 0x00c, 0x158), // s_free_blocks_count
    freeInodesCount: view.getUint32(at + 0x010, true), // s_free_inodes_count
    firstDataBlock: view.getUint32(at + 0x014, true), // s_first_data_block
    logBlockSize: view.getUint32(at + 0x018, true), // s_log_block_size
    logClusterSize: view.getUint32(at + 0x01c, true), // s_log_cluster_size
    blocksPerGroup: view.getUint32(at + 0x020, true), // s_blocks_per_group
    clustersPerGroup: view.getUint32(at + 0x024, true), // s_clusters_per_group
    inodesPerGroup: view.getUint32(at + 0x028, true), // s_inodes_per_group
    mtime: view.getUint32(at + 0x02c, true), // s_mtime
    wtime: view.getUint32(at + 0x030, true), // s_wtime
    mountCount: view.getUint16(at + 0x034, true), // s_mnt_count
    maxMountCount: view.getUint16(at + 0x036, true), // s_max_mnt_count
    magic: view.getUint16(at + 0x038, true), // s_magic
    state: view.getUint16(at + 0x03a, true), // s_state
    errors: view.getUint16(at + 0x03c, true), // s_errors
    minorRevision: view.getUint16(at + 0x03e, true), // s_minor_rev_level
    lastcheck: view.getUint32(at + 0x040, true), // s_lastcheck
    checkinterval: view.getUint32(at + 0x044, true), // s_checkinterval
    creatorOs: view.getUint32(at + 0x048, true), // s_creator_os
    revision: view.getUint32(at + 0x04c, true), // s_rev_level
    defaultReservedUid: view.getUint16(at + 0x050, true), // s_def_resuid
    defaultReservedGid: view.getUint16(at + 0x052, true), // s_def_resgid
    firstInode: view.getUint32(at + 0x054, true), // s_first_ino
    inodeSize: view.getUint16(at + 0x058, true), // s_inode_size
    blockGroupNumber: view.getUint16(at + 0x05a, true), // s_block_group_nr
    featureCompat: view.getUint32(at + 0x05c, true), // s_feature_compat
    featureIncompat: view.getUint32(at + 0x060, true), // s_feature_incompat
    featureRoCompat: view.getUint32(at + 0x064, true), // s_feature_ro_compat
    uuid: getBytes(view, at + 0x068, 16), // s_uuid
    volumeName: getBytes(view, at + 0x078, 16), // s_volume_name
    lastMounted: getBytes(view, at + 0x088, 64), // s_last_mounted
    reservedGdtBlocks: view.getUint16(at + 0x0ce, true), // s_reserved_gdt_blocks
    journalUuid: getBytes(view, at + 0x0d0, 16), // s_journal_uuid
    journalInode: view.getUint32(at + 0x0e0, true), // s_journal_inum
    lastOrphan: view.getUint32(at + 0x0e8, true), // s_last_orphan
    hashSeed: getBytes(view, at + 0x0ec, 16), // s_hash_seed
    defaultHashVersion: view.getUint8(at + 0x0fc), // s_def_hash_version
    journalBackupType: view.getUint8(at + 0x0fd), // s_jnl_backup_type
    descriptorSize: view.getUint16(at + 0x0fe, true), // s_desc_size
    defaultMountOptions: view.getUint32(at + 0x100, true), // s_default_mount_opts
    firstMetaBg: view.getUint32(at + 0x104, true), // s_first_meta_bg
    mkfsTime: view.getUint32(at + 0x108, true), // s_mkfs_time
    journalBlocks: getBytes(view, at + 0x10c, 68), // s_jnl_blocks
    minExtraIsize: view.getUint16(at + 0x15c, true), // s_min_extra_isize
    wantExtraIsize: view.getUint16(at + 0x15e, true), // s_want_extra_isize
    flags: view.getUint32(at + 0x160, true), // s_flags
    mmpBlock: split(view, at, 0x168, 0x16c), // s_mmp_block
    logGroupsPerFlex: view.getUint8(at + 0x174), // s_log_groups_per_flex
    checksumType: view.getUint8(at + 0x175), // s_checksum_type
    kbytesWritten: getU64(view, at + 0x178), // s_kbytes_written
    userQuotaInode: view.getUint32(at + 0x240, true), // s_usr_quota_inum
    groupQuotaInode: view.getUint32(at + 0x244, true), // s_grp_quota_inum
    overheadBlocks: view.getUint32(at + 0x248, true), // s_overhead_blocks
    backupGroup0: view.getUint32(at + 0x24c, true), // s_backup_bgs[0]
    backupGroup1: view.getUint32(at + 0x250, true), // s_backup_bgs[1]
    lostAndFoundInode: view.getUint32(at + 0x268, true), // s_lpf_ino
    projectQuotaInode: view.getUint32(at + 0x26c, true), // s_prj_quota_inum
    checksumSeed: view.getUint32(at + 0x270, true), // s_checksum_seed
    wtimeHigh: view.getUint8(at + 0x274), // s_wtime_hi
    mtimeHigh: view.getUint8(at + 0x275), // s_mtime_hi
    mkfsTimeHigh: view.getUint8(at + 0x276), // s_mkfs_time_hi
    lastcheckHigh: view.getUint8(at + 0x277), // s_lastcheck_hi
    orphanFileInode: view.getUint32(at + 0x280, true), // s_orphan_file_inum
    checksum: view.getUint32(at + 0x3fc, true), // s_checksum
  };
}

function split(view: DataView, at: number, low: number, high: number): number {
  return view.getUint32(at + high, true) * 0x1_0000_0000 + view.getUint32(at + low, true);
}
