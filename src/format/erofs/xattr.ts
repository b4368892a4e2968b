/**
 * Extended attributes as they stand on disk (kernel `struct erofs_xattr_ibody_header`,
 * `erofs_xattr_entry`) and their name prefixes. Little-endian.
 *
 * @module
 */
import { alignUp } from "../../bytes/align.ts";
import type { ByteString } from "../../bytes/byte_string.ts";

/** Bytes of the header of an inode's attributes. */
export const XATTR_HEADER_SIZE = 12;
/** Bytes of an entry without name and value. */
export const XATTR_ENTRY_SIZE = 4;
/** Bytes of a reference to a shared attribute, and the unit in which it counts. */
export const XATTR_REFERENCE_SIZE = 4;
/** Longest name behind its prefix. */
export const XATTR_NAME_MAX = 255;
/** Largest value. */
export const XATTR_VALUE_MAX = 0xffff;
/** Largest `i_xattr_icount`. */
export const XATTR_COUNT_MAX = 0xffff;
/** Bit of `e_name_index`: the name has one of the image's long prefixes. */
export const XATTR_LONG_PREFIX = 0x80;

/** `e_name_index` of a name without a prefix. */
export const XATTR_INDEX_NONE = 0;
/** `e_name_index` of `lustre.`. */
export const XATTR_INDEX_LUSTRE = 5;

const PREFIXES: readonly (readonly [index: number, prefix: ByteString])[] = [
  [1, "user."],
  [2, "system.posix_acl_access"],
  [3, "system.posix_acl_default"],
  [4, "trusted."],
  [XATTR_INDEX_LUSTRE, "lustre."],
  [6, "security."],
];

/** Head of the attributes of an inode: references to shared ones follow, then entries. */
export interface XattrHeader {
  /** A bit that is 0 for every name that is there, see `xattrFilterBit`. */
  nameFilter: number;
  /** References to shared attributes. */
  sharedCount: number;
}

/** An attribute: name and value follow. */
export interface XattrEntry {
  nameLength: number;
  /** Index of the prefix. */
  nameIndex: number;
  valueSize: number;
}

/** A name as it is stored: an index for its prefix, and the rest. */
export interface XattrName {
  readonly index: number;
  readonly suffix: ByteString;
}

/** Writes the header of an inode's attributes. */
export function writeXattrHeader(view: DataView, at: number, x: XattrHeader): void {
  view.setUint32(at + 0x0, x.nameFilter, true); // h_name_filter
  view.setUint8(at + 0x4, x.sharedCount); // h_shared_count
  for (let i = 0x5; i < 0xc; i++) view.setUint8(at + i, 0); // h_reserved2
}

/** Reads the header of an inode's attributes. */
export function readXattrHeader(view: DataView, at: number): XattrHeader {
  return {
    nameFilter: view.getUint32(at + 0x0, true), // h_name_filter
    sharedCount: view.getUint8(at + 0x4), // h_shared_count
  };
}

/** Writes an entry without name and value. */
export function writeXattrEntry(view: DataView, at: number, x: XattrEntry): void {
  view.setUint8(at + 0x0, x.nameLength); // e_name_len
  view.setUint8(at + 0x1, x.nameIndex); // e_name_index
  view.setUint16(at + 0x2, x.valueSize, true); // e_value_size
}

/** Reads an entry without name and value. */
export function readXattrEntry(view: DataView, at: number): XattrEntry {
  return {
    nameLength: view.getUint8(at + 0x0), // e_name_len
    nameIndex: view.getUint8(at + 0x1), // e_name_index
    valueSize: view.getUint16(at + 0x2, true), // e_value_size
  };
}

/** Bytes of an entry with name and value: a multiple of 4. */
export function xattrEntrySize(nameLength: number, valueSize: number): number {
  return alignUp(XATTR_ENTRY_SIZE + nameLength + valueSize, 4);
}

/** `i_xattr_icount` for `size` bytes of attributes, header included; `size` is a multiple of 4. */
export function xattrCount(size: number): number {
  return size === 0 ? 0 : (size - XATTR_HEADER_SIZE) / 4 + 1;
}

/** Bytes of attributes behind an inode, header included. */
export function xattrSize(count: number): number {
  return count === 0 ? 0 : XATTR_HEADER_SIZE + (count - 1) * 4;
}

/**
 * Splits a full name; a name with no known prefix stands whole with index
 * {@linkcode XATTR_INDEX_NONE}.
 */
export function splitXattrName(name: ByteString): XattrName {
  for (const [index, prefix] of PREFIXES) {
    const isWhole = !prefix.endsWith(".");
    if (isWhole ? name === prefix : name.startsWith(prefix)) {
      return { index, suffix: name.slice(prefix.length) };
    }
  }
  return { index: XATTR_INDEX_NONE, suffix: name };
}

/** The full name, `undefined` for an index that has no prefix. */
export function joinXattrName(index: number, suffix: ByteString): ByteString | undefined {
  if (index === XATTR_INDEX_NONE) return suffix;
  const row = PREFIXES.find((it) => it[0] === index);
  if (row === undefined) return undefined;
  const isWhole = !row[1].endsWith(".");
  return isWhole && suffix !== "" ? undefined : row[1] + suffix;
}
