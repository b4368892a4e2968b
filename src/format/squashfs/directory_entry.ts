/**
 * Lists of directories (kernel `struct squashfs_dir_header`, `squashfs_dir_entry`,
 * `squashfs_dir_index`): runs of entries, each behind a header. Little-endian.
 *
 * @module
 */

/** Bytes of a header. */
export const DIRECTORY_HEADER_SIZE = 12;
/** Bytes of an entry, without its name. */
export const DIRECTORY_ENTRY_SIZE = 8;
/** Bytes of an entry of an index, without its name. */
export const DIRECTORY_INDEX_SIZE = 12;
/** Most entries behind one header. */
export const ENTRIES_MAX = 256;
/** `file_size` of a directory counts these for `.` and `..`. */
export const EMPTY_DIRECTORY_SIZE = 3;

/** Head of a run of entries whose inodes stand in one metadata block. */
export interface DirectoryHeader {
  /** How many entries follow, minus 1. */
  countMinus1: number;
  /** Block of their inodes, bytes from the start of the inode table. */
  startBlock: number;
  /** Inode number from which theirs are counted. */
  number: number;
}

/** One name. */
export interface DirectoryEntry {
  /** Offset of the inode in its block. */
  offset: number;
  /** Inode number minus that of the header, signed. */
  numberDelta: number;
  /** Type of the inode, of the short form. */
  type: number;
  /** Bytes of the name, minus 1. */
  nameSizeMinus1: number;
}

/** Entry of an index: what stands where in the list. */
export interface DirectoryIndex {
  /** Bytes from the start of the list to a header. */
  position: number;
  /** Metadata block with that header, bytes from the start of the directory table. */
  startBlock: number;
  /** Bytes of the first name behind the header, minus 1. */
  nameSizeMinus1: number;
}

/** Writes a header. */
export function writeDirectoryHeader(view: DataView, at: number, x: DirectoryHeader): void {
  view.setUint32(at + 0x0, x.countMinus1, true); // count
  view.setUint32(at + 0x4, x.startBlock, true); // start_block
  view.setUint32(at + 0x8, x.number, true); // inode_number
}

/** Reads a header. */
export function readDirectoryHeader(view: DataView, at: number): DirectoryHeader {
  return {
    countMinus1: view.getUint32(at + 0x0, true), // count
    startBlock: view.getUint32(at + 0x4, true), // start_block
    number: view.getUint32(at + 0x8, true), // inode_number
  };
}

/** Writes an entry, without its name. */
export function writeDirectoryEntry(view: DataView, at: number, x: DirectoryEntry): void {
  view.setUint16(at + 0x0, x.offset, true); // offset
  view.setInt16(at + 0x2, x.numberDelta, true); // inode_number
  view.setUint16(at + 0x4, x.type, true); // type
  view.setUint16(at + 0x6, x.nameSizeMinus1, true); // size
}

/** Reads an entry, without its name. */
export function readDirectoryEntry(view: DataView, at: number): DirectoryEntry {
  return {
    offset: view.getUint16(at + 0x0, true), // offset
    numberDelta: view.getInt16(at + 0x2, true), // inode_number
    type: view.getUint16(at + 0x4, true), // type
    nameSizeMinus1: view.getUint16(at + 0x6, true), // size
  };
}

/** Writes an entry of an index, without its name. */
export function writeDirectoryIndex(view: DataView, at: number, x: DirectoryIndex): void {
  view.setUint32(at + 0x0, x.position, true); // index
  view.setUint32(at + 0x4, x.startBlock, true); // start_block
  view.setUint32(at + 0x8, x.nameSizeMinus1, true); // size
}

/** Reads an entry of an index, without its name. */
export function readDirectoryIndex(view: DataView, at: number): DirectoryIndex {
  return {
    position: view.getUint32(at + 0x0, true), // index
    startBlock: view.getUint32(at + 0x4, true), // start_block
    nameSizeMinus1: view.getUint32(at + 0x8, true), // size
  };
}
