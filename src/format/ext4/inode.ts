/**
 * The inode as it stands in an inode table (kernel `struct ext4_inode`), without `i_block` and
 * the attributes behind the fixed part, which have files of their own. Little-endian.
 *
 * @module
 */
import { joinU64 } from "../../bytes/u64.ts";

/** Bytes of the part that every inode has (`EXT4_GOOD_OLD_INODE_SIZE`). */
export const INODE_GOOD_OLD_SIZE = 128;
/** `i_extra_isize` of an inode with all fields of {@linkcode DiskInode}. */
export const INODE_EXTRA_ISIZE = 32;
/** Offset of `i_block` in an inode. */
export const INODE_BLOCK_OFFSET = 0x28;
/** Bytes of `i_block`. */
export const INODE_BLOCK_SIZE = 60;

/** Inode number of the root directory. */
export const ROOT_INODE = 2;
/** Inode number of the resize inode. */
export const RESIZE_INODE = 7;
/** Inode number of the journal. */
export const JOURNAL_INODE = 8;
/** First inode that is not reserved; `lost+found` by custom. */
export const FIRST_INODE = 11;

/** `i_flags`: the directory has an htree. */
export const INODE_INDEX = 0x1000;
/** `i_flags`: `i_blocks` counts filesystem blocks. */
export const INODE_HUGE_FILE = 0x4_0000;
/** `i_flags`: `i_block` holds an extent tree. */
export const INODE_EXTENTS = 0x8_0000;
/** `i_flags`: the file has fs-verity. */
export const INODE_VERITY = 0x10_0000;
/** `i_flags`: the value of an extended attribute. */
export const INODE_EA_INODE = 0x20_0000;
/** `i_flags`: the data stands in the inode. */
export const INODE_INLINE_DATA = 0x1000_0000;

/** Fields of an inode. Times are the raw words: see `timestamp.ts`. */
export interface DiskInode {
  /** Kind and permissions, as `st_mode`. */
  mode: number;
  uid: number;
  gid: number;
  /** Bytes. */
  size: number;
  atime: number;
  ctime: number;
  mtime: number;
  /** When it was deleted; 0 in a live inode. */
  dtime: number;
  linksCount: number;
  /** In 512-byte units, or in blocks with `INODE_HUGE_FILE`. */
  blocks: number;
  flags: number;
  version: number;
  generation: number;
  /** Block of the extended attributes, 0 for none. */
  fileAcl: number;
  /** Both halves; only the low one without `extraIsize` of 4. */
  checksum: number;
  /** Bytes of the fields behind the first 128. */
  extraIsize: number;
  ctimeExtra: number;
  mtimeExtra: number;
  atimeExtra: number;
  crtime: number;
  crtimeExtra: number;
  versionHigh: number;
  projectId: number;
}

/** An inode with every field 0. */
export function zeroInode(): DiskInode {
  return {
    mode: 0,
    uid: 0,
    gid: 0,
    size: 0,
    atime: 0,
    ctime: 0,
    mtime: 0,
    dtime: 0,
    linksCount: 0,
    blocks: 0,
    flags: 0,
    version: 0,
    generation: 0,
    fileAcl: 0,
    checksum: 0,
    extraIsize: 0,
    ctimeExtra: 0,
    mtimeExtra: 0,
    atimeExtra: 0,
    crtime: 0,
    crtimeExtra: 0,
    versionHigh: 0,
    projectId: 0,
  };
}

/**
 * Writes the fields of an inode; fields behind the first 128 bytes as far as `extraIsize` (0, or
 * 32 and more) says. `i_block` stays as it is.
 */
export function writeInode(view: DataView, at: number, x: DiskInode): void {
  view.setUint16(at + 0x00, x.mode, true); // i_mode
  view.setUint16(at + 0x02, x.uid & 0xffff, true); // i_uid
  view.setUint32(at + 0x04, x.size % 0x1_0000_0000, true); // i_size_lo
  view.setUint32(at + 0x08, x.atime, true); // i_atime
  view.setUint32(at + 0x0c, x.ctime, true); // i_ctime
  view.setUint32(at + 0x10, x.mtime, true); // i_mtime
  view.setUint32(at + 0x14, x.dtime, true); // i_dtime
  view.setUint16(at + 0x18, x.gid & 0xffff, true); // i_gid
  view.setUint16(at + 0x1a, x.linksCount, true); // i_links_count
  view.setUint32(at + 0x1c, x.blocks % 0x1_0000_0000, true); // i_blocks_lo
  view.setUint32(at + 0x20, x.flags, true); // i_flags
  view.setUint32(at + 0x24, x.version, true); // l_i_version
  view.setUint32(at + 0x64, x.generation, true); // i_generation
  view.setUint32(at + 0x68, x.fileAcl % 0x1_0000_0000, true); // i_file_acl_lo
  view.setUint32(at + 0x6c, Math.floor(x.size / 0x1_0000_0000), true); // i_size_high
  view.setUint16(at + 0x74, Math.floor(x.blocks / 0x1_0000_0000), true); // l_i_blocks_high
  view.setUint16(at + 0x76, Math.floor(x.fileAcl / 0x1_0000_0000), true); // l_i_file_acl_high
  view.setUint16(at + 0x78, x.uid >>> 16, true); // l_i_uid_high
  view.setUint16(at + 0x7a, x.gid >>> 16, true); // l_i_gid_high
  view.setUint16(at + 0x7c, x.checksum & 0xffff, true); // l_i_checksum_lo
  if (x.extraIsize === 0) return;
  view.setUint16(at + 0x80, x.extraIsize, true); // i_extra_isize
  view.setUint16(at + 0x82, x.checksum >>> 16, true); // i_checksum_hi
  view.setUint32(at + 0x84, x.ctimeExtra, true); // i_ctime_extra
  view.setUint32(at + 0x88, x.mtimeExtra, true); // i_mtime_extra
  view.setUint32(at + 0x8c, x.atimeExtra, true); // i_atime_extra
  view.setUint32(at + 0x90, x.crtime, true); // i_crtime
  view.setUint32(at + 0x94, x.crtimeExtra, true); // i_crtime_extra
  view.setUint32(at + 0x98, x.versionHigh, true); // i_version_hi
  view.setUint32(at + 0x9c, x.projectId, true); // i_projid
}

/** Reads an inode of `inodeSize` bytes; fields that `i_extra_isize` does not cover are 0. */
export function readInode(view: DataView, at: number, inodeSize: number): DiskInode {
  const extraIsize = inodeSize > INODE_GOOD_OLD_SIZE ? view.getUint16(at + 0x80, true) : 0;
  const end = Math.min(INODE_GOOD_OLD_SIZE + extraIsize, inodeSize);
  const extra = (offset: number) => offset + 4 <= end ? view.getUint32(at + offset, true) : 0;
  return {
    mode: view.getUint16(at + 0x00, true), // i_mode
    uid: view.getUint16(at + 0x02, true) + view.getUint16(at + 0x78, true) * 0x1_0000, // i_uid
    gid: view.getUint16(at + 0x18, true) + view.getUint16(at + 0x7a, true) * 0x1_0000, // i_gid
    size: joinU64(view.getUint32(at + 0x04, true), view.getUint32(at + 0x6c, true)), // i_size
    atime: view.getUint32(at + 0x08, true), // i_atime
    ctime: view.getUint32(at + 0x0c, true), // i_ctime
    mtime: view.getUint32(at + 0x10, true), // i_mtime
    dtime: view.getUint32(at + 0x14, true), // i_dtime
    linksCount: view.getUint16(at + 0x1a, true), // i_links_count
    blocks: joinU64(view.getUint32(at + 0x1c, true), view.getUint16(at + 0x74, true)), // i_blocks
    flags: view.getUint32(at + 0x20, true), // i_flags
    version: view.getUint32(at + 0x24, true), // l_i_version
    generation: view.getUint32(at + 0x64, true), // i_generation
    fileAcl: joinU64(view.getUint32(at + 0x68, true), view.getUint16(at + 0x76, true)), // i_file_acl
    checksum: view.getUint16(at + 0x7c, true) + (extra(0x80) >>> 16) * 0x1_0000, // i_checksum
    extraIsize, // i_extra_isize
    ctimeExtra: extra(0x84), // i_ctime_extra
    mtimeExtra: extra(0x88), // i_mtime_extra
    atimeExtra: extra(0x8c), // i_atime_extra
    crtime: extra(0x90), // i_crtime
    crtimeExtra: extra(0x94), // i_crtime_extra
    versionHigh: extra(0x98), // i_version_hi
    projectId: extra(0x9c), // i_projid
  };
}
