/**
 * Extended attributes (kernel `struct squashfs_xattr_entry`, `squashfs_xattr_id`,
 * `squashfs_xattr_id_table`): sets of names and values, and a table of the sets, by whose numbers
 * inodes name them. Little-endian.
 *
 * @module
 */
import { getU64, setU64 } from "../../bytes/u64.ts";
import type { ByteString } from "../../bytes/byte_string.ts";

/** Prefixes of names by their number. */
export const XATTR_PREFIXES: readonly ByteString[] = ["user.", "trusted.", "security."];
/** Bit of an entry's type: the value is a reference of 8 bytes to the real one. */
export const XATTR_VALUE_ELSEWHERE = 0x100;
/** Bytes of an entry in front of its name; the size of the value has 4 more. */
export const XATTR_ENTRY_SIZE = 4;
/** Bytes of a set in the table of sets. */
export const XATTR_SET_SIZE = 16;
/** Bytes of the head of that table, in front of the positions of its blocks. */
export const XATTR_TABLE_HEAD_SIZE = 16;
/** Most bytes of a value: what `getxattr(2)` gives. */
export const XATTR_VALUE_MAX = 65536;

/** One set. */
export interface XattrSet {
  /** Reference of its first entry: block from the start of the entries, times 65536, and offset. */
  reference: number;
  /** How many entries. */
  count: number;
  /** Bytes of its entries. */
  size: number;
}

/** Head of the table of sets. */
export interface XattrTableHead {
  /** Where the entries start in the image. */
  entriesStart: number;
  /** How many sets. */
  count: number;
}

/** Writes a set. */
export function writeXattrSet(view: DataView, at: number, x: XattrSet): void {
  setU64(view, at + 0x0, x.reference); // xattr
  view.setUint32(at + 0x8, x.count, true); // count
  view.setUint32(at + 0xc, x.size, true); // size
}

/** Reads a set. */
export function readXattrSet(view: DataView, at: number): XattrSet {
  return {
    reference: getU64(view, at + 0x0), // xattr
    count: view.getUint32(at + 0x8, true), // count
    size: view.getUint32(at + 0xc, true), // size
  };
}

/** Writes the head of the table. */
export function writeXattrTableHead(view: DataView, at: number, x: XattrTableHead): void {
  setU64(view, at + 0x0, x.entriesStart); // xattr_table_start
  view.setUint32(at + 0x8, x.count, true); // xattr_ids
  view.setUint32(at + 0xc, 0, true); // unused
}

/** Reads the head of the table. */
export function readXattrTableHead(view: DataView, at: number): XattrTableHead {
  return {
    entriesStart: getU64(view, at + 0x0), // xattr_table_start
    count: view.getUint32(at + 0x8, true), // xattr_ids
  };
}
