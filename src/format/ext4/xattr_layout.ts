/**
 * Where the extended attributes of a file go: into the inode as long as they fit, the others into
 * a block.
 *
 * @module
 */
import { type ByteString, displayByteString, writeByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import type { Xattr } from "../../tree/inode.ts";
import { aclToDisk } from "./acl.ts";
import {
  splitXattrName,
  writeXattrBlockHeader,
  writeXattrEntry,
  XATTR_BLOCK_HEADER_SIZE,
  XATTR_INDEX_ACL_ACCESS,
  XATTR_INDEX_ACL_DEFAULT,
  XATTR_INODE_HEADER_SIZE,
  XATTR_MAGIC,
  XATTR_TERMINATOR_SIZE,
  xattrBlockHash,
  xattrEntryHash,
  xattrEntrySize,
  xattrValueSize,
} from "./xattr.ts";

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
}

/** The attributes of a file, divided; both parts sorted as the kernel searches them. */
export interface XattrLayout {
  /** Those in the inode. */
  readonly inInode: readonly DiskXattr[];
  /** Those in the block. */
  readonly inBlock: readonly DiskXattr[];
}

/**
 * Divides attributes between `inodeRoom` bytes behind the inode's fields (0 for none) and a block.
 * Throws `ImageError` `UNSUPPORTED` for a name that ext4 cannot hold, `CORRUPT` for a malformed
 * ACL, `LIMIT_EXCEEDED` for what fits nowhere.
 */
export function layOutXattrs(
  xattrs: readonly Xattr[],
  inodeRoom: number,
  blockSize: number,
): XattrLayout {
  const sorted = xattrs.map(toDisk).sort(compareXattrs);
  let inodeFree = inodeRoom - XATTR_INODE_HEADER_SIZE - XATTR_TERMINATOR_SIZE;
  let blockFree = blockSize - XATTR_BLOCK_HEADER_SIZE - XATTR_TERMINATOR_SIZE;
  const inInode: DiskXattr[] = [];
  const inBlock: DiskXattr[] = [];
  for (const xattr of sorted) {
    const size = xattrEntrySize(xattr.suffix.length) + xattrValueSize(xattr.value.length);
    if (size <= inodeFree) {
      inInode.push(xattr);
      inodeFree -= size;
    } else {
      inBlock.push(xattr);
      blockFree -= size;
    }
  }
  if (blockFree < 0) {
    throw new ImageError(
      "LIMIT_EXCEEDED",
      `Cannot write extended attributes: ${-blockFree} bytes do not fit, ` +
        `expected at most what an inode and a block of ${blockSize} hold`,
    );
  }
  return { inInode, inBlock };
}

/** Writes the attributes behind the inode's fields into `room` bytes of zeros at `at`. */
export function writeInodeXattrs(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  room: number,
  xattrs: readonly DiskXattr[],
): void {
  view.setUint32(at, XATTR_MAGIC, true); // h_magic
  const first = at + XATTR_INODE_HEADER_SIZE;
  writeEntries(bytes, view, first, at + room, first, xattrs, false);
}

/** Writes a block of attributes into zeros at `at`, without its checksum. */
export function writeXattrBlock(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  blockSize: number,
  xattrs: readonly DiskXattr[],
  refcount: number,
): void {
  const hashes = writeEntries(
    bytes,
    view,
    at + XATTR_BLOCK_HEADER_SIZE,
    at + blockSize,
    at,
    xattrs,
    true,
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
): number[] {
  const hashes: number[] = [];
  let entryAt = first;
  let valueAt = end;
  for (const { index, suffix, value } of xattrs) {
    // Hashes serve to share blocks; in an inode they stay 0, as libext2fs has it.
    const hash = hashed ? xattrEntryHash(suffix, value) : 0;
    hashes.push(hash);
    valueAt -= xattrValueSize(value.length);
    writeXattrEntry(view, entryAt, {
      nameLength: suffix.length,
      nameIndex: index,
      valueOffset: value.length === 0 ? 0 : valueAt - offsetBase,
      valueInode: 0,
      valueSize: value.length,
      hash,
    });
    writeByteString(bytes, entryAt + 16, suffix);
    bytes.set(value, valueAt);
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
    return { index: name.index, suffix: name.suffix, value: xattr.value };
  }
  const value = aclToDisk(xattr.value);
  if (typeof value === "string") {
    throw new ImageError(
      "CORRUPT",
      `Cannot write extended attribute "${displayByteString(xattr.name)}": ${value}`,
    );
  }
  return { index: name.index, suffix: name.suffix, value };
}

/** The order in which the kernel searches a block: index, length of the name, bytes of the name. */
function compareXattrs(a: DiskXattr, b: DiskXattr): number {
  if (a.index !== b.index) return a.index - b.index;
  if (a.suffix.length !== b.suffix.length) return a.suffix.length - b.suffix.length;
  return a.suffix < b.suffix ? -1 : a.suffix > b.suffix ? 1 : 0;
}
