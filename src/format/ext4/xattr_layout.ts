/**
 * Where the extended attributes of a file go: into the inode as long as they fit, the others into
 * a block, values that are too large for that into inodes of their own.
 *
 * @module
 */
import { type ByteString, displayByteString, writeByteString } from "../../bytes/byte_string.ts";
import { crc32c } from "../../bytes/crc32c.ts";
import { ImageError } from "../../image_error.ts";
import type { Xattr } from "../../tree/inode.ts";
import { aclToDisk } from "./acl.ts";
import {
  splitXattrName,
  writeXattrBlockHeader,
  writeXattrEntry,
  XATTR_BLOCK_HEADER_SIZE,
  XATTR_ENTRY_SIZE,
  XATTR_INDEX_ACL_ACCESS,
  XATTR_INDEX_ACL_DEFAULT,
  XATTR_INODE_HEADER_SIZE,
  XATTR_MAGIC,
  XATTR_TERMINATOR_SIZE,
  xattrBlockHash,
  xattrEaInodeHash,
  xattrEntryHash,
  xattrEntrySize,
  xattrValueSize,
} from "./xattr.ts";
import type { LargeValue, XattrStore } from "./xattr_store.ts";

/** Longest value that the kernel gives to a program (`XATTR_SIZE_MAX`). */
const XATTR_SIZE_MAX = 65536;
const SYSTEM_INDEX = 7;
const RICHACL_INDEX = 8;

/** An attribute as it will stand on disk. */
export interface DiskXattr {
  /** `e_name_index`. */
  readonly index: number;
  /** Name behind the prefix. */
  readonly suffix: ByteString;
  /** Value in the form of the disk. */
  readonly value: Uint8Array;
  /** The inode that holds the value, `null` where it stands beside the entry. */
  readonly large: LargeValue | null;
}

/** The attributes of a file, divided; both parts sorted as the kernel searches them. */
export interface XattrLayout {
  /** Those in the inode. */
  readonly inInode: readonly DiskXattr[];
  /** Those in the block. */
  readonly inBlock: readonly DiskXattr[];
}

/** Where attributes may go. */
export interface XattrRoom {
  /** Bytes behind the fields of an inode, 0 for none. */
  readonly inodeRoom: number;
  /** Bytes of a block. */
  readonly blockSize: number;
  /** Takes values that fit nowhere else, `null` where inodes for them are not allowed. */
  readonly store: XattrStore | null;
}

/**
 * Divides attributes between the inode and a block; values that do not fit there, the largest
 * first, go into inodes of their own. Throws `ImageError` `UNSUPPORTED` for a name that ext4 cannot
 * hold, `CORRUPT` for a malformed ACL, `LIMIT_EXCEEDED` for what fits nowhere.
 */
export function layOutXattrs(xattrs: readonly Xattr[], room: XattrRoom): XattrLayout {
  const sorted = xattrs.map(toDisk).sort(compareXattrs);
  const entryBytes = sorted.reduce((sum, { suffix }) => sum + xattrEntrySize(suffix.length), 0);
  const roomBytes = room.inodeRoom + room.blockSize;
  // Names alone that are too long need no search for values to move.
  if (entryBytes > roomBytes) throw tooLong(entryBytes - roomBytes, room);
  for (;;) {
    const { inInode, inBlock, missing } = divide(sorted, room);
    if (missing <= 0) return { inInode, inBlock };
    const largest = room.store === null ? -1 : largestValue(sorted);
    if (largest < 0) throw tooLong(missing, room);
    const xattr = sorted[largest];
    sorted[largest] = { ...xattr, large: room.store!.largeValue(xattr.value) };
  }
}

/** Fills the inode, then the block; `missing` are the bytes by which the block is too small. */
function divide(xattrs: readonly DiskXattr[], room: XattrRoom) {
  let inodeFree = room.inodeRoom - XATTR_INODE_HEADER_SIZE - XATTR_TERMINATOR_SIZE;
  let blockFree = room.blockSize - XATTR_BLOCK_HEADER_SIZE - XATTR_TERMINATOR_SIZE;
  const inInode: DiskXattr[] = [];
  const inBlock: DiskXattr[] = [];
  for (const xattr of xattrs) {
    const value = xattr.large === null ? xattrValueSize(xattr.value.length) : 0;
    const size = xattrEntrySize(xattr.suffix.length) + value;
    if (size <= inodeFree) {
      inInode.push(xattr);
      inodeFree -= size;
    } else {
      inBlock.push(xattr);
      blockFree -= size;
    }
  }
  return { inInode, inBlock, missing: -blockFree };
}

/** The longest value that has no inode yet, -1 for none. */
function largestValue(xattrs: readonly DiskXattr[]): number {
  let largest = -1;
  for (let i = 0; i < xattrs.length; i++) {
    const { value, large } = xattrs[i];
    if (large !== null || value.length === 0) continue;
    if (largest < 0 || value.length > xattrs[largest].value.length) largest = i;
  }
  return largest;
}

function tooLong(missing: number, room: XattrRoom): ImageError {
  return new ImageError(
    "LIMIT_EXCEEDED",
    `Cannot write extended attributes: ${missing} bytes do not fit, ` +
      `expected at most what an inode and a block of ${room.blockSize} hold`,
  );
}

/**
 * Writes the attributes behind the inode's fields into `room` bytes of zeros at `at`; `seed` is the
 * checksum seed of the filesystem.
 */
export function writeInodeXattrs(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  room: number,
  xattrs: readonly DiskXattr[],
  seed: number,
): void {
  view.setUint32(at, XATTR_MAGIC, true); // h_magic
  const first = at + XATTR_INODE_HEADER_SIZE;
  writeEntries(bytes, view, first, at + room, first, xattrs, false, seed);
}

/** Writes a block of attributes into zeros at `at`, without its checksum. */
export function writeXattrBlock(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  blockSize: number,
  xattrs: readonly DiskXattr[],
  refcount: number,
  seed: number,
): void {
  const hashes = writeEntries(
    bytes,
    view,
    at + XATTR_BLOCK_HEADER_SIZE,
    at + blockSize,
    at,
    xattrs,
    true,
    seed,
  );
  writeXattrBlockHeader(view, at, {
    magic: XATTR_MAGIC,
    refcount,
    blocks: 1,
    hash: xattrBlockHash(hashes),
    checksum: 0,
  });
}

/** Writes entries from `first` upwards and values from `end` downwards; answers the hashes. */
function writeEntries(
  bytes: Uint8Array,
  view: DataView,
  first: number,
  end: number,
  offsetBase: number,
  xattrs: readonly DiskXattr[],
  hashed: boolean,
  seed: number,
): number[] {
  const hashes: number[] = [];
  let entryAt = first;
  let valueAt = end;
  for (const { index, suffix, value, large } of xattrs) {
    // Hashes serve to share blocks; in an inode they stay 0, as libext2fs has it. Only the hash of
    // a large value is read back: it proves that the inode is the right one.
    const hash = large !== null
      ? xattrEaInodeHash(suffix, crc32c(seed, value))
      : hashed
      ? xattrEntryHash(suffix, value)
      : 0;
    hashes.push(hash);
    if (large === null) {
      valueAt -= xattrValueSize(value.length);
      bytes.set(value, valueAt);
    }
    writeXattrEntry(view, entryAt, {
      nameLength: suffix.length,
      nameIndex: index,
      valueOffset: value.length === 0 || large !== null ? 0 : valueAt - offsetBase,
      valueInode: large === null ? 0 : large.number,
      valueSize: value.length,
      hash,
    });
    writeByteString(bytes, entryAt + XATTR_ENTRY_SIZE, suffix);
    entryAt += xattrEntrySize(suffix.length);
  }
  return hashes;
}

function toDisk(xattr: Xattr): DiskXattr {
  const name = splitXattrName(xattr.name);
  // The kernel has no reader for other system attributes: they would be lost without a word.
  if (name === undefined || name.index === SYSTEM_INDEX || name.index === RICHACL_INDEX) {
    throw new ImageError(
      "UNSUPPORTED",
      `Cannot write extended attribute "${displayByteString(xattr.name)}": ` +
        "ext4 has no place for it, expected user., trusted., security. or a POSIX ACL",
    );
  }
  if (name.suffix.length > 255) {
    throw new ImageError(
      "LIMIT_EXCEEDED",
      `Cannot write extended attribute "${displayByteString(xattr.name.slice(0, 60))}…": ` +
        `${name.suffix.length} bytes behind the prefix, expected at most 255`,
    );
  }
  if (name.index !== XATTR_INDEX_ACL_ACCESS && name.index !== XATTR_INDEX_ACL_DEFAULT) {
    checkValue(xattr);
    return { index: name.index, suffix: name.suffix, value: xattr.value, large: null };
  }
  const value = aclToDisk(xattr.value);
  if (typeof value === "string") {
    throw new ImageError(
      "CORRUPT",
      `Cannot write extended attribute "${displayByteString(xattr.name)}": ${value}`,
    );
  }
  return { index: name.index, suffix: name.suffix, value, large: null };
}

function checkValue(xattr: Xattr): void {
  if (xattr.value.length <= XATTR_SIZE_MAX) return;
  throw new ImageError(
    "LIMIT_EXCEEDED",
    `Cannot write extended attribute "${displayByteString(xattr.name)}": ` +
      `${xattr.value.length} bytes, expected at most ${XATTR_SIZE_MAX}`,
  );
}

/** The order in which the kernel searches a block: index, length of the name, bytes of the name. */
function compareXattrs(a: DiskXattr, b: DiskXattr): number {
  if (a.index !== b.index) return a.index - b.index;
  if (a.suffix.length !== b.suffix.length) return a.suffix.length - b.suffix.length;
  return a.suffix < b.suffix ? -1 : a.suffix > b.suffix ? 1 : 0;
}
