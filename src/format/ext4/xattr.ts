/**
 * Extended attributes as they stand on disk (kernel `struct ext4_xattr_header`,
 * `ext4_xattr_entry`), their name prefixes and their hashes. Little-endian.
 *
 * @module
 */
import type { ByteString } from "../../bytes/byte_string.ts";

/** `h_magic`, in a block and in an inode. */
export const XATTR_MAGIC = 0xea02_0000;
/** Bytes of the header of a block. */
export const XATTR_BLOCK_HEADER_SIZE = 32;
/** Bytes of the header in an inode: the magic number alone. */
export const XATTR_INODE_HEADER_SIZE = 4;
/** Bytes of an entry in front of its name. */
export const XATTR_ENTRY_SIZE = 16;
/** Bytes of zeros that end the entries. */
export const XATTR_TERMINATOR_SIZE = 4;
/** Largest `h_refcount`. */
export const XATTR_MAX_REFERENCES = 1024;

/** `e_name_index` of `system.posix_acl_access`. */
export const XATTR_INDEX_ACL_ACCESS = 2;
/** `e_name_index` of `system.posix_acl_default`. */
export const XATTR_INDEX_ACL_DEFAULT = 3;

/** Prefixes by `e_name_index`; of several that match, the longest is the right one. */
const PREFIXES: readonly (readonly [index: number, prefix: ByteString])[] = [
  [2, "system.posix_acl_access"],
  [3, "system.posix_acl_default"],
  [8, "system.richacl"],
  [1, "user."],
  [4, "trusted."],
  [6, "security."],
  [7, "system."],
];

/** A name as it is stored: an index for its prefix, and the rest. */
export interface XattrName {
  readonly index: number;
  readonly suffix: ByteString;
}

/** Splits a full name, `undefined` where ext4 has no index for its prefix. */
export function splitXattrName(name: ByteString): XattrName | undefined {
  for (const [index, prefix] of PREFIXES) {
    const whole = !prefix.endsWith(".");
    if (whole ? name === prefix : name.startsWith(prefix) && name.length > prefix.length) {
      return { index, suffix: name.slice(prefix.length) };
    }
  }
  return undefined;
}

/** The full name, `undefined` for an index that has no prefix. */
export function joinXattrName(index: number, suffix: ByteString): ByteString | undefined {
  const entry = PREFIXES.find((row) => row[0] === index);
  if (entry === undefined) return undefined;
  const whole = !entry[1].endsWith(".");
  return whole && suffix !== "" ? undefined : entry[1] + suffix;
}

/** Header of a block of attributes. */
export interface XattrBlockHeader {
  magic: number;
  /** Inodes that share the block. */
  refcount: number;
  /** Always 1. */
  blocks: number;
  hash: number;
  checksum: number;
}

/** Writes the header of a block. */
export function writeXattrBlockHeader(view: DataView, at: number, x: XattrBlockHeader): void {
  view.setUint32(at + 0x00, x.magic, true); // h_magic
  view.setUint32(at + 0x04, x.refcount, true); // h_refcount
  view.setUint32(at + 0x08, x.blocks, true); // h_blocks
  view.setUint32(at + 0x0c, x.hash, true); // h_hash
  view.setUint32(at + 0x10, x.checksum, true); // h_checksum
}

/** Reads the header of a block. */
export function readXattrBlockHeader(view: DataView, at: number): XattrBlockHeader {
  return {
    magic: view.getUint32(at + 0x00, true), // h_magic
    refcount: view.getUint32(at + 0x04, true), // h_refcount
    blocks: view.getUint32(at + 0x08, true), // h_blocks
    hash: view.getUint32(at + 0x0c, true), // h_hash
    checksum: view.getUint32(at + 0x10, true), // h_checksum
  };
}

/** An entry without its name, which follows. */
export interface XattrEntry {
  nameLength: number;
  nameIndex: number;
  /** From the first entry in an inode, from the start of the block in a block. */
  valueOffset: number;
  /** Inode that holds the value, 0 for none. */
  valueInode: number;
  /** Bytes. */
  valueSize: number;
  hash: number;
}

/** Bytes of an entry with a name of `nameLength` bytes behind the prefix. */
export function xattrEntrySize(nameLength: number): number {
  return (XATTR_ENTRY_SIZE + nameLength + 3) & ~3;
}

/** Bytes that a value takes. */
export function xattrValueSize(byteCount: number): number {
  return (byteCount + 3) & ~3;
}

/** Writes an entry. */
export function writeXattrEntry(view: DataView, at: number, x: XattrEntry): void {
  view.setUint8(at + 0x0, x.nameLength); // e_name_len
  view.setUint8(at + 0x1, x.nameIndex); // e_name_index
  view.setUint16(at + 0x2, x.valueOffset, true); // e_value_offs
  view.setUint32(at + 0x4, x.valueInode, true); // e_value_inum
  view.setUint32(at + 0x8, x.valueSize, true); // e_value_size
  view.setUint32(at + 0xc, x.hash, true); // e_hash
}

/** Reads an entry. */
export function readXattrEntry(view: DataView, at: number): XattrEntry {
  return {
    nameLength: view.getUint8(at + 0x0), // e_name_len
    nameIndex: view.getUint8(at + 0x1), // e_name_index
    valueOffset: view.getUint16(at + 0x2, true), // e_value_offs
    valueInode: view.getUint32(at + 0x4, true), // e_value_inum
    valueSize: view.getUint32(at + 0x8, true), // e_value_size
    hash: view.getUint32(at + 0xc, true), // e_hash
  };
}

/**
 * `e_hash` of a name (behind its prefix) with the value that stands beside it; `hasSignedNames` is how
 * kernels before 6.2 made it where `char` is signed.
 */
export function xattrEntryHash(
  suffix: ByteString,
  value: Uint8Array,
  hasSignedNames = false,
): number {
  let hash = nameHash(suffix, hasSignedNames);
  for (let i = 0; i < value.length; i += 4) {
    const word = value[i] | (value[i + 1] ?? 0) << 8 | (value[i + 2] ?? 0) << 16 |
      (value[i + 3] ?? 0) << 24;
    hash = rotate(hash, 16) ^ word;
  }
  return hash >>> 0;
}

/** `e_hash` of a name (behind its prefix) whose value stands in an inode; of the value's CRC-32C. */
export function xattrEaInodeHash(
  suffix: ByteString,
  valueChecksum: number,
  hasSignedNames = false,
): number {
  return (rotate(nameHash(suffix, hasSignedNames), 16) ^ valueChecksum) >>> 0;
}

/** `h_hash` of a block with these `e_hash` in order. */
export function xattrBlockHash(entryHashes: readonly number[]): number {
  let hash = 0;
  for (const entryHash of entryHashes) {
    if (entryHash === 0) return 0;
    hash = rotate(hash, 16) ^ entryHash;
  }
  return hash >>> 0;
}

function nameHash(suffix: ByteString, isSigned: boolean): number {
  let hash = 0;
  for (let i = 0; i < suffix.length; i++) {
    const byte = suffix.charCodeAt(i);
    hash = rotate(hash, 5) ^ (isSigned ? byte << 24 >> 24 : byte);
  }
  return hash;
}

function rotate(value: number, bits: number): number {
  return value << bits | value >>> 32 - bits;
}
