/**
 * Inodes (kernel `struct squashfs_*_inode`): a head of 16 bytes that all share, then what their
 * kind needs. Each kind has a short form and an extended one. Little-endian.
 *
 * @module
 */
import { getU64, setU64 } from "../../bytes/u64.ts";

/** `inode_type`: 1–7 are short, 8–14 the same kinds extended. */
export const InodeType = {
  directory: 1,
  regular: 2,
  symlink: 3,
  blockDevice: 4,
  characterDevice: 5,
  fifo: 6,
  socket: 7,
} as const;
/** What is added to the type of an extended inode. */
export const EXTENDED = 7;

/** Bytes of the common head. */
export const INODE_HEAD_SIZE = 16;
/** Bytes of each form, head included, without lists, targets and indexes. */
export const DIRECTORY_INODE_SIZE = 32;
/** Bytes of an extended directory, without its index. */
export const EXTENDED_DIRECTORY_INODE_SIZE = 40;
/** Bytes of a regular file, without its block list. */
export const REGULAR_INODE_SIZE = 32;
/** Bytes of an extended regular file, without its block list. */
export const EXTENDED_REGULAR_INODE_SIZE = 56;
/** Bytes of a symbolic link, without its target; an extended one has 4 more behind the target. */
export const SYMLINK_INODE_SIZE = 24;
/** Bytes of a device; an extended one has 4 more. */
export const DEVICE_INODE_SIZE = 24;
/** Bytes of a named pipe or a socket; an extended one has 4 more. */
export const IPC_INODE_SIZE = 20;
/** `fragment` of a file without one, `xattr` of a file without attributes. */
export const NONE = 0xffffffff;

/** Head of every inode. */
export interface InodeHead {
  type: number;
  /** Permission bits. */
  permissions: number;
  /** Place of the owner in the table of ids. */
  uidIndex: number;
  /** Place of the group in the table of ids. */
  gidIndex: number;
  mtimeSeconds: number;
  /** Number of the inode, from 1. */
  number: number;
}

/** A directory. */
export interface DirectoryInode {
  /** Block of its list, bytes from the start of the directory table. */
  startBlock: number;
  linkCount: number;
  /** Bytes of its list plus 3. */
  size: number;
  /** Offset of the list in its block. */
  offset: number;
  /** Number of the parent's inode. */
  parent: number;
}

/** A directory with attributes, a long list or an index. */
export interface ExtendedDirectoryInode extends DirectoryInode {
  /** Entries of the index, which follows. */
  indexCount: number;
  /** Number of its attributes. */
  xattr: number;
}

/** A regular file. */
export interface RegularInode {
  /** Where its blocks start in the image. */
  start: number;
  /** Number of the fragment block with its tail. */
  fragment: number;
  /** Offset in the fragment block. */
  offset: number;
  size: number;
}

/** A regular file that is large, has holes, attributes or several names. */
export interface ExtendedRegularInode extends RegularInode {
  /** Bytes of blocks that are not stored as they are zeros. */
  sparse: number;
  linkCount: number;
  /** Number of its attributes. */
  xattr: number;
}

/** Writes the head. */
export function writeInodeHead(view: DataView, at: number, x: InodeHead): void {
  view.setUint16(at + 0x0, x.type, true); // inode_type
  view.setUint16(at + 0x2, x.permissions, true); // mode
  view.setUint16(at + 0x4, x.uidIndex, true); // uid
  view.setUint16(at + 0x6, x.gidIndex, true); // guid
  view.setUint32(at + 0x8, x.mtimeSeconds, true); // mtime
  view.setUint32(at + 0xc, x.number, true); // inode_number
}

/** Reads the head. */
export function readInodeHead(view: DataView, at: number): InodeHead {
  return {
    type: view.getUint16(at + 0x0, true), // inode_type
    permissions: view.getUint16(at + 0x2, true), // mode
    uidIndex: view.getUint16(at + 0x4, true), // uid
    gidIndex: view.getUint16(at + 0x6, true), // guid
    mtimeSeconds: view.getUint32(at + 0x8, true), // mtime
    number: view.getUint32(at + 0xc, true), // inode_number
  };
}

/** Writes what follows the head of a directory. */
export function writeDirectoryInode(view: DataView, at: number, x: DirectoryInode): void {
  view.setUint32(at + 0x10, x.startBlock, true); // start_block
  view.setUint32(at + 0x14, x.linkCount, true); // nlink
  view.setUint16(at + 0x18, x.size, true); // file_size
  view.setUint16(at + 0x1a, x.offset, true); // offset
  view.setUint32(at + 0x1c, x.parent, true); // parent_inode
}

/** Reads what follows the head of a directory. */
export function readDirectoryInode(view: DataView, at: number): DirectoryInode {
  return {
    startBlock: view.getUint32(at + 0x10, true), // start_block
    linkCount: view.getUint32(at + 0x14, true), // nlink
    size: view.getUint16(at + 0x18, true), // file_size
    offset: view.getUint16(at + 0x1a, true), // offset
    parent: view.getUint32(at + 0x1c, true), // parent_inode
  };
}

/** Writes what follows the head of an extended directory. */
export function writeExtendedDirectoryInode(
  view: DataView,
  at: number,
  x: ExtendedDirectoryInode,
): void {
  view.setUint32(at + 0x10, x.linkCount, true); // nlink
  view.setUint32(at + 0x14, x.size, true); // file_size
  view.setUint32(at + 0x18, x.startBlock, true); // start_block
  view.setUint32(at + 0x1c, x.parent, true); // parent_inode
  view.setUint16(at + 0x20, x.indexCount, true); // i_count
  view.setUint16(at + 0x22, x.offset, true); // offset
  view.setUint32(at + 0x24, x.xattr, true); // xattr
}

/** Reads what follows the head of an extended directory. */
export function readExtendedDirectoryInode(view: DataView, at: number): ExtendedDirectoryInode {
  return {
    linkCount: view.getUint32(at + 0x10, true), // nlink
    size: view.getUint32(at + 0x14, true), // file_size
    startBlock: view.getUint32(at + 0x18, true), // start_block
    parent: view.getUint32(at + 0x1c, true), // parent_inode
    indexCount: view.getUint16(at + 0x20, true), // i_count
    offset: view.getUint16(at + 0x22, true), // offset
    xattr: view.getUint32(at + 0x24, true), // xattr
  };
}

/** Writes what follows the head of a regular file, without its block list. */
export function writeRegularInode(view: DataView, at: number, x: RegularInode): void {
  view.setUint32(at + 0x10, x.start, true); // start_block
  view.setUint32(at + 0x14, x.fragment, true); // fragment
  view.setUint32(at + 0x18, x.offset, true); // offset
  view.setUint32(at + 0x1c, x.size, true); // file_size
}

/** Reads what follows the head of a regular file, without its block list. */
export function readRegularInode(view: DataView, at: number): RegularInode {
  return {
    start: view.getUint32(at + 0x10, true), // start_block
    fragment: view.getUint32(at + 0x14, true), // fragment
    offset: view.getUint32(at + 0x18, true), // offset
    size: view.getUint32(at + 0x1c, true), // file_size
  };
}

/** Writes what follows the head of an extended regular file, without its block list. */
export function writeExtendedRegularInode(
  view: DataView,
  at: number,
  x: ExtendedRegularInode,
): void {
  setU64(view, at + 0x10, x.start); // start_block
  setU64(view, at + 0x18, x.size); // file_size
  setU64(view, at + 0x20, x.sparse); // sparse
  view.setUint32(at + 0x28, x.linkCount, true); // nlink
  view.setUint32(at + 0x2c, x.fragment, true); // fragment
  view.setUint32(at + 0x30, x.offset, true); // offset
  view.setUint32(at + 0x34, x.xattr, true); // xattr
}

/** Reads what follows the head of an extended regular file, without its block list. */
export function readExtendedRegularInode(view: DataView, at: number): ExtendedRegularInode {
  return {
    start: getU64(view, at + 0x10), // start_block
    size: getU64(view, at + 0x18), // file_size
    sparse: getU64(view, at + 0x20), // sparse
    linkCount: view.getUint32(at + 0x28, true), // nlink
    fragment: view.getUint32(at + 0x2c, true), // fragment
    offset: view.getUint32(at + 0x30, true), // offset
    xattr: view.getUint32(at + 0x34, true), // xattr
  };
}

/** Device number as the kernel's `new_encode_dev` has it: 12 bits of major, 20 of minor. */
export function encodeDevice(major: number, minor: number): number {
  return (minor & 0xff) + major * 0x100 + (minor >>> 8) * 0x10_0000;
}

/** The parts of a device number. */
export function decodeDevice(device: number): { major: number; minor: number } {
  return { major: (device >>> 8) & 0xfff, minor: (device & 0xff) + ((device >>> 20) << 8) };
}
