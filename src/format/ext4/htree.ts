/**
 * The index of a directory (kernel `struct dx_root`, `dx_node`, `dx_countlimit`, `dx_entry`,
 * `dx_tail`). Little-endian.
 *
 * The root stands in block 0 behind `.` and `..`; interior nodes look like one unused entry that
 * fills the block. Both hold pairs of hash and block; the first pair has no hash: limit and count
 * stand in its place.
 *
 * @module
 */

/** Offset of `dx_root.info` in block 0, behind `.` and `..`. */
export const HTREE_ROOT_INFO_OFFSET = 0x18;
/** Offset of the pairs in block 0. */
export const HTREE_ROOT_ENTRIES_OFFSET = 0x20;
/** Offset of the pairs in an interior block. */
export const HTREE_NODE_ENTRIES_OFFSET = 0x08;
/** Bytes of a pair. */
export const HTREE_ENTRY_SIZE = 8;
/** Bytes of the checksum tail (`struct dx_tail`). */
export const HTREE_TAIL_SIZE = 8;
/** `info_length`. */
export const HTREE_INFO_LENGTH = 8;

/** `dx_root.info`. */
export interface HtreeInfo {
  /** 1 for half MD4, whatever the sign of name bytes. */
  hashVersion: number;
  infoLength: number;
  /** Levels of interior nodes between the root and the leaves. */
  indirectLevels: number;
  unusedFlags: number;
}

/** Writes `dx_root.info`. */
export function writeHtreeInfo(view: DataView, at: number, x: HtreeInfo): void {
  view.setUint32(at + 0x0, 0, true); // reserved_zero
  view.setUint8(at + 0x4, x.hashVersion); // hash_version
  view.setUint8(at + 0x5, x.infoLength); // info_length
  view.setUint8(at + 0x6, x.indirectLevels); // indirect_levels
  view.setUint8(at + 0x7, x.unusedFlags); // unused_flags
}

/** Reads `dx_root.info`. */
export function readHtreeInfo(view: DataView, at: number): HtreeInfo {
  return {
    hashVersion: view.getUint8(at + 0x4), // hash_version
    infoLength: view.getUint8(at + 0x5), // info_length
    indirectLevels: view.getUint8(at + 0x6), // indirect_levels
    unusedFlags: view.getUint8(at + 0x7), // unused_flags
  };
}

/** The first pair: `dx_countlimit` and the block of the first child. */
export interface HtreeCountLimit {
  /** Pairs that fit. */
  limit: number;
  /** Pairs in use, this one included. */
  count: number;
  /** Logical block of the first child. */
  block: number;
}

/** Writes the first pair. */
export function writeHtreeCountLimit(view: DataView, at: number, x: HtreeCountLimit): void {
  view.setUint16(at + 0x0, x.limit, true); // limit
  view.setUint16(at + 0x2, x.count, true); // count
  view.setUint32(at + 0x4, x.block, true); // entries[0].block
}

/** Reads the first pair. */
export function readHtreeCountLimit(view: DataView, at: number): HtreeCountLimit {
  return {
    limit: view.getUint16(at + 0x0, true), // limit
    count: view.getUint16(at + 0x2, true), // count
    block: view.getUint32(at + 0x4, true), // entries[0].block
  };
}

/** A further pair. */
export interface HtreeEntry {
  /** Lowest hash below the child; bit 0: the child before ends with the same hash. */
  hash: number;
  /** Logical block of the child. */
  block: number;
}

/** Writes a pair. */
export function writeHtreeEntry(view: DataView, at: number, x: HtreeEntry): void {
  view.setUint32(at + 0x0, x.hash, true); // hash
  view.setUint32(at + 0x4, x.block, true); // block
}

/** Reads a pair. */
export function readHtreeEntry(view: DataView, at: number): HtreeEntry {
  return {
    hash: view.getUint32(at + 0x0, true), // hash
    block: view.getUint32(at + 0x4, true), // block
  };
}

/** Pairs that fit between `entriesOffset` and the end of a block. */
export function htreeLimit(blockSize: number, entriesOffset: number, hasTail: boolean): number {
  return Math.floor((blockSize - entriesOffset - (hasTail ? HTREE_TAIL_SIZE : 0)) / 8);
}
