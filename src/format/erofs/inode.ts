/**
 * Inodes (kernel `struct erofs_inode_compact`, `erofs_inode_extended`) and the bits of their
 * first field. Little-endian.
 *
 * @module
 */
import { getI64, getU64, setI64, setU64 } from "../../bytes/u64.ts";

/** Bytes of a compact inode, and the unit of inode numbers. */
export const INODE_COMPACT_SIZE = 32;
/** Bytes of an extended inode. */
export const INODE_EXTENDED_SIZE = 64;

/** How the data of a file is found: bits 1 to 3 of `i_format`. */
export const DataLayout = {
  /** Whole blocks one behind the other. */
  flatPlain: 0,
  /** Compressed, with an index entry of 8 bytes for each logical cluster. */
  compressedFull: 1,
  /** Whole blocks, and what is left over behind the inode. */
  flatInline: 2,
  /** Compressed, with packed index entries. */
  compressedCompact: 3,
  /** Chunks anywhere. */
  chunkBased: 4,
} as const;
/** One of the values of {@linkcode DataLayout}. */
export type DataLayout = typeof DataLayout[keyof typeof DataLayout];

/** Bit 0 of `i_format`: extended. */
export const FORMAT_EXTENDED = 0x01;
/** Bit 4 of `i_format`, compact and no directory: one link, and `i_nb` is the high start block. */
export const FORMAT_ONE_LINK = 0x10;
/** Bit 4 of `i_format`, directories: there is no entry `.`. */
export const FORMAT_NO_DOT = 0x10;
/** All bits of `i_format` that are known. */
export const FORMAT_ALL = 0x1f;

/** `i_u` and the start block of a chunk or a file that is a hole. */
export const NULL_BLOCK = 0xffff_ffff;

/** `i_format` of an inode. */
export function inodeFormat(layout: DataLayout, isExtended: boolean): number {
  return layout * 2 + (isExtended ? FORMAT_EXTENDED : 0);
}

/** Bits 1 to 3 of `i_format`; may be no value of {@linkcode DataLayout}. */
export function layoutOf(format: number): number {
  return format >>> 1 & 7;
}

/** An inode of 32 bytes, for files whose values are small and whose time is the image's. */
export interface CompactInode {
  /** Version, data layout and flags. */
  format: number;
  /** 0, or 1 and the 4-byte words of attributes behind their header of 12 bytes. */
  xattrCount: number;
  /** `st_mode`. */
  mode: number;
  /** Links, or bits 32 to 47 of the start block. */
  linksOrHigh: number;
  size: number;
  /** Seconds behind the superblock's epoch; kernels before 6.14 take it for 0. */
  mtimeOffset: number;
  /** Start block, blocks of compressed data, device number, or chunk format. */
  union: number;
  /** Number for 32-bit `stat`. */
  ino: number;
  uid: number;
  gid: number;
}

/** An inode of 64 bytes. */
export interface ExtendedInode {
  /** Version, data layout and flags. */
  format: number;
  /** 0, or 1 and the 4-byte words of attributes behind their header of 12 bytes. */
  xattrCount: number;
  /** `st_mode`. */
  mode: number;
  /** Bits 32 to 47 of the start block, or of the blocks of compressed data. */
  blockHigh: number;
  size: number;
  /** Start block, blocks of compressed data, device number, or chunk format. */
  union: number;
  /** Number for 32-bit `stat`. */
  ino: number;
  uid: number;
  gid: number;
  /** Seconds since 1970, may be negative. */
  mtimeSeconds: number;
  mtimeNanoseconds: number;
  links: number;
}

/** Writes a compact inode. */
export function writeCompactInode(view: DataView, at: number, x: CompactInode): void {
  view.setUint16(at + 0x00, x.format, true); // i_format
  view.setUint16(at + 0x02, x.xattrCount, true); // i_xattr_icount
  view.setUint16(at + 0x04, x.mode, true); // i_mode
  view.setUint16(at + 0x06, x.linksOrHigh, true); // i_nb
  view.setUint32(at + 0x08, x.size, true); // i_size
  view.setUint32(at + 0x0c, x.mtimeOffset, true); // i_mtime
  view.setUint32(at + 0x10, x.union, true); // i_u
  view.setUint32(at + 0x14, x.ino, true); // i_ino
  view.setUint16(at + 0x18, x.uid, true); // i_uid
  view.setUint16(at + 0x1a, x.gid, true); // i_gid
  view.setUint32(at + 0x1c, 0, true); // i_reserved
}

/** Reads a compact inode. */
export function readCompactInode(view: DataView, at: number): CompactInode {
  return {
    format: view.getUint16(at + 0x00, true), // i_format
    xattrCount: view.getUint16(at + 0x02, true), // i_xattr_icount
    mode: view.getUint16(at + 0x04, true), // i_mode
    linksOrHigh: view.getUint16(at + 0x06, true), // i_nb
    size: view.getUint32(at + 0x08, true), // i_size
    mtimeOffset: view.getUint32(at + 0x0c, true), // i_mtime
    union: view.getUint32(at + 0x10, true), // i_u
    ino: view.getUint32(at + 0x14, true), // i_ino
    uid: view.getUint16(at + 0x18, true), // i_uid
    gid: view.getUint16(at + 0x1a, true), // i_gid
  };
}

/** Writes an extended inode. */
export function writeExtendedInode(view: DataView, at: number, x: ExtendedInode): void {
  view.setUint16(at + 0x00, x.format, true); // i_format
  view.setUint16(at + 0x02, x.xattrCount, true); // i_xattr_icount
  view.setUint16(at + 0x04, x.mode, true); // i_mode
  view.setUint16(at + 0x06, x.blockHigh, true); // i_nb
  setU64(view, at + 0x08, x.size); // i_size
  view.setUint32(at + 0x10, x.union, true); // i_u
  view.setUint32(at + 0x14, x.ino, true); // i_ino
  view.setUint32(at + 0x18, x.uid, true); // i_uid
  view.setUint32(at + 0x1c, x.gid, true); // i_gid
  setI64(view, at + 0x20, x.mtimeSeconds); // i_mtime
  view.setUint32(at + 0x28, x.mtimeNanoseconds, true); // i_mtime_nsec
  view.setUint32(at + 0x2c, x.links, true); // i_nlink
  for (let i = 0x30; i < 0x40; i += 4) view.setUint32(at + i, 0, true); // i_reserved2
}

/** Reads an extended inode; throws `ImageError` `LIMIT_EXCEEDED` for numbers above 2^53. */
export function readExtendedInode(view: DataView, at: number): ExtendedInode {
  return {
    format: view.getUint16(at + 0x00, true), // i_format
    xattrCount: view.getUint16(at + 0x02, true), // i_xattr_icount
    mode: view.getUint16(at + 0x04, true), // i_mode
    blockHigh: view.getUint16(at + 0x06, true), // i_nb
    size: getU64(view, at + 0x08), // i_size
    union: view.getUint32(at + 0x10, true), // i_u
    ino: view.getUint32(at + 0x14, true), // i_ino
    uid: view.getUint32(at + 0x18, true), // i_uid
    gid: view.getUint32(at + 0x1c, true), // i_gid
    mtimeSeconds: getI64(view, at + 0x20), // i_mtime
    mtimeNanoseconds: view.getUint32(at + 0x28, true), // i_mtime_nsec
    links: view.getUint32(at + 0x2c, true), // i_nlink
  };
}
