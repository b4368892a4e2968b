/**
 * The superblock (kernel `struct squashfs_super_block`): the first 96 bytes. Little-endian.
 *
 * @module
 */
import { getU64, setU64 } from "../../bytes/u64.ts";

/** Bytes of the superblock. */
export const SUPERBLOCK_SIZE = 96;
/** `s_magic`: "hsqs". */
export const SQUASHFS_MAGIC = 0x73717368;
/** What a table that is not there has for its start: all bits set. */
export const NO_TABLE = 0xffff_ffff_ffff_ffff;
/** Bytes of metadata in a block of it. */
export const METADATA_SIZE = 8192;
/** Bits of `flags`. */
export const SuperblockFlag = {
  uncompressedInodes: 0x0001,
  uncompressedData: 0x0002,
  uncompressedFragments: 0x0008,
  noFragments: 0x0010,
  alwaysFragments: 0x0020,
  deduplicated: 0x0040,
  exportable: 0x0080,
  uncompressedXattrs: 0x0100,
  noXattrs: 0x0200,
  compressorOptions: 0x0400,
  uncompressedIds: 0x0800,
} as const;

/** The superblock. Positions are bytes from the start of the image. */
export interface Superblock {
  magic: number;
  /** How many inodes; their numbers are 1 to this. */
  inodeCount: number;
  /** When the image was made, seconds since 1970. */
  createdSeconds: number;
  /** Bytes of a data block. */
  blockSize: number;
  fragmentCount: number;
  /** Number of the compression. */
  compression: number;
  /** Logarithm of `blockSize` to base 2. */
  blockLog: number;
  flags: number;
  /** How many different owners and groups. */
  idCount: number;
  majorVersion: number;
  minorVersion: number;
  /** Reference of the root's inode: its block from the start of the inode table, times 65536, and its offset there. */
  rootInode: number;
  /** Bytes of the image without padding. */
  bytesUsed: number;
  idTableStart: number;
  xattrTableStart: number;
  inodeTableStart: number;
  directoryTableStart: number;
  fragmentTableStart: number;
  exportTableStart: number;
}

/** Writes a superblock. */
export function writeSuperblock(view: DataView, at: number, x: Superblock): void {
  view.setUint32(at + 0x00, x.magic, true); // s_magic
  view.setUint32(at + 0x04, x.inodeCount, true); // inodes
  view.setUint32(at + 0x08, x.createdSeconds, true); // mkfs_time
  view.setUint32(at + 0x0c, x.blockSize, true); // block_size
  view.setUint32(at + 0x10, x.fragmentCount, true); // fragments
  view.setUint16(at + 0x14, x.compression, true); // compression
  view.setUint16(at + 0x16, x.blockLog, true); // block_log
  view.setUint16(at + 0x18, x.flags, true); // flags
  view.setUint16(at + 0x1a, x.idCount, true); // no_ids
  view.setUint16(at + 0x1c, x.majorVersion, true); // s_major
  view.setUint16(at + 0x1e, x.minorVersion, true); // s_minor
  setU64(view, at + 0x20, x.rootInode); // root_inode
  setU64(view, at + 0x28, x.bytesUsed); // bytes_used
  setTableStart(view, at + 0x30, x.idTableStart); // id_table_start
  setTableStart(view, at + 0x38, x.xattrTableStart); // xattr_id_table_start
  setTableStart(view, at + 0x40, x.inodeTableStart); // inode_table_start
  setTableStart(view, at + 0x48, x.directoryTableStart); // directory_table_start
  setTableStart(view, at + 0x50, x.fragmentTableStart); // fragment_table_start
  setTableStart(view, at + 0x58, x.exportTableStart); // lookup_table_start
}

/** Reads a superblock. Throws `ImageError` for a position of 2^53 or more that is not `NO_TABLE`. */
export function readSuperblock(view: DataView, at: number): Superblock {
  return {
    magic: view.getUint32(at + 0x00, true), // s_magic
    inodeCount: view.getUint32(at + 0x04, true), // inodes
    createdSeconds: view.getUint32(at + 0x08, true), // mkfs_time
    blockSize: view.getUint32(at + 0x0c, true), // block_size
    fragmentCount: view.getUint32(at + 0x10, true), // fragments
    compression: view.getUint16(at + 0x14, true), // compression
    blockLog: view.getUint16(at + 0x16, true), // block_log
    flags: view.getUint16(at + 0x18, true), // flags
    idCount: view.getUint16(at + 0x1a, true), // no_ids
    majorVersion: view.getUint16(at + 0x1c, true), // s_major
    minorVersion: view.getUint16(at + 0x1e, true), // s_minor
    rootInode: getU64(view, at + 0x20), // root_inode
    bytesUsed: getU64(view, at + 0x28), // bytes_used
    idTableStart: getTableStart(view, at + 0x30), // id_table_start
    xattrTableStart: getTableStart(view, at + 0x38), // xattr_id_table_start
    inodeTableStart: getTableStart(view, at + 0x40), // inode_table_start
    directoryTableStart: getTableStart(view, at + 0x48), // directory_table_start
    fragmentTableStart: getTableStart(view, at + 0x50), // fragment_table_start
    exportTableStart: getTableStart(view, at + 0x58), // lookup_table_start
  };
}

function setTableStart(view: DataView, at: number, start: number): void {
  if (start !== NO_TABLE) return setU64(view, at, start);
  view.setUint32(at, 0xffffffff, true);
  view.setUint32(at + 4, 0xffffffff, true);
}

function getTableStart(view: DataView, at: number): number {
  const isAbsent = view.getUint32(at, true) === 0xffffffff &&
    view.getUint32(at + 4, true) === 0xffffffff;
  return isAbsent ? NO_TABLE : getU64(view, at);
}
