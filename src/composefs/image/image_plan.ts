/**
 * Decides the layout of an image: the place of every inode, attribute and block.
 *
 * ```text
 * 0     composefs header        1152  inodes, each with its attributes and the end of its data
 * 1024  superblock              then  shared attributes, then blocks of data
 * ```
 *
 * @module
 */
import { alignUp } from "../../bytes/align.ts";
import { NAME_MAX } from "../../format/erofs/dirent.ts";
import { INODE_COMPACT_SIZE, INODE_EXTENDED_SIZE } from "../../format/erofs/inode.ts";
import { SUPERBLOCK_OFFSET, SUPERBLOCK_SIZE } from "../../format/erofs/superblock.ts";
import { XATTR_COUNT_MAX, XATTR_HEADER_SIZE, xattrCount } from "../../format/erofs/xattr.ts";
import { ImageError } from "../../image_error.ts";
import type { NoticeListener } from "../../notice.ts";
import type { FileTree } from "../../tree/file_tree.ts";
import { FileKind } from "../../tree/inode.ts";
import type { ImageContent } from "./content.ts";
import { cutDirectory, TAIL_MAX } from "./directory_blocks.ts";
import { orderFiles } from "./file_order.ts";
import { DataKind, type ImageInode, namingFile } from "./image_inode.ts";
import { IMAGE_BLOCK_SIZE, type ImageVersion, INODE_SLOT_SIZE } from "./image_version.ts";
import { ImageXattrs } from "./stored_xattrs.ts";
import { storedSize, type StoredXattr } from "./xattr_pool.ts";

/** The layout of an image. */
export interface ImagePlan {
  readonly version: ImageVersion;
  /** Files in the order of their inodes. */
  readonly files: readonly ImageInode[];
  /** Attributes of files. */
  readonly xattrs: ImageXattrs;
  /** Whether a file has access control lists. */
  readonly hasAcl: boolean;
  /** The earliest time of all files, or 0 in version 2. */
  readonly buildSeconds: number;
  readonly buildNanoseconds: number;
  /** Where the inodes end and the table of shared attributes begins. */
  readonly inodesEnd: number;
  /** Where blocks of data begin. */
  readonly dataStart: number;
  /** Bytes of the image. */
  readonly size: number;
}

const ACL_NAMES = ["system.posix_acl_access", "system.posix_acl_default"];
const CHUNK_BITS_MAX = 31;
const CHUNK_ENTRY_SIZE = 4;
const ROOT_NID_MAX = 0xffff;
const U32_MAX = 0xffff_ffff;
/** Shared attributes of one file, in versions 0 and 1, and in version 2. */
const SHARED_MAX = 128;
const SHARED_MAX_2 = 255;
/** Version 2 has all bytes of a file behind its inode. */
const INLINE_MAX_2 = IMAGE_BLOCK_SIZE - INODE_EXTENDED_SIZE;

/** Plans an image. Throws `ImageError` `UNSUPPORTED` or `LIMIT_EXCEEDED` for what it cannot hold. */
export function planImage(
  tree: FileTree<ImageContent>,
  version: ImageVersion,
  onNotice: NoticeListener,
): ImagePlan {
  const order = orderFiles(tree, version);
  const { files } = order;
  const xattrs = new ImageXattrs(order, version, onNotice);
  let hasAcl = false;
  const time = version === 2 ? { seconds: 0, nanoseconds: 0 } : earliestTime(files);
  let position = SUPERBLOCK_OFFSET + SUPERBLOCK_SIZE;
  for (const file of files) {
    namingFile(file, () => {
      setData(file, version);
      const stored = xattrs.of(file);
      file.xattrSize = xattrAreaSize(stored, version);
      if (stored.some(({ name }) => ACL_NAMES.includes(name))) hasAcl = true;
    });
    file.isExtended = version === 2 || !fitsCompact(file, time.seconds, time.nanoseconds);
    position = alignUp(position, INODE_SLOT_SIZE);
    file.position = version === 2 ? placeVersion2(file, position) : place(file, position);
    position = file.position + headSize(file) + file.tailSize;
  }
  if (files[0].position / INODE_SLOT_SIZE > ROOT_NID_MAX) {
    throw limit("the root directory", "its attributes are too large", "a place in the first 2 MiB");
  }
  const inodesEnd = alignUp(position, INODE_SLOT_SIZE);
  const sharedSize = xattrs.shared.reduce((sum, xattr) => sum + storedSize(xattr), 0);
  const dataStart = alignUp(inodesEnd + sharedSize, IMAGE_BLOCK_SIZE);
  let block = dataStart / IMAGE_BLOCK_SIZE;
  for (const file of files) {
    file.startBlock = file.blockCount === 0 ? 0 : block;
    block += file.blockCount;
  }
  if (block > U32_MAX) throw limit("image", `it has ${block} blocks`, `at most ${U32_MAX}`);
  return {
    version,
    files,
    xattrs,
    hasAcl,
    buildSeconds: time.seconds,
    buildNanoseconds: time.nanoseconds,
    inodesEnd,
    dataStart,
    size: block * IMAGE_BLOCK_SIZE,
  };
}

/** Bytes of an inode and its attributes. */
export function headSize(file: ImageInode): number {
  return (file.isExtended ? INODE_EXTENDED_SIZE : INODE_COMPACT_SIZE) + file.xattrSize;
}

/** Those attributes of a file that stand in the table, and those that stand with it. */
export function splitXattrs(
  xattrs: readonly StoredXattr[],
  version: ImageVersion,
): { shared: readonly StoredXattr[]; local: readonly StoredXattr[] } {
  const max = version === 2 ? SHARED_MAX_2 : SHARED_MAX;
  const shared = xattrs.filter(({ sharedOffset }) => sharedOffset >= 0).slice(0, max);
  const local = shared.length === xattrs.length ? [] : xattrs.filter((it) => !shared.includes(it));
  return { shared, local };
}

function xattrAreaSize(xattrs: readonly StoredXattr[], version: ImageVersion): number {
  if (xattrs.length === 0) return 0;
  const { shared, local } = splitXattrs(xattrs, version);
  const size = local.reduce(
    (sum, xattr) => sum + storedSize(xattr),
    XATTR_HEADER_SIZE + 4 * shared.length,
  );
  if (xattrCount(size) > XATTR_COUNT_MAX) {
    throw limit(
      "attributes of a file",
      `they have ${size} bytes`,
      `at most ${4 * XATTR_COUNT_MAX}`,
    );
  }
  return size;
}

/** Sets what the data of a file is, and how much of it is in blocks. */
function setData(file: ImageInode, version: ImageVersion): void {
  const { inode, kind } = file;
  file.linkCount = inode.linkCount;
  if (kind === FileKind.directory) {
    const { blockEnds, tailSize } = cutDirectory(file.names);
    file.data = DataKind.entries;
    file.blockCount = blockEnds.length;
    file.tailSize = tailSize;
    file.size = blockEnds.length * IMAGE_BLOCK_SIZE + tailSize;
    file.linkCount = 2;
    for (const name of file.names) {
      if (name.length > NAME_MAX) {
        throw limit("name", `it has ${name.length} bytes`, `at most ${NAME_MAX}`);
      }
      if (inode.children!.get(name)?.kind === FileKind.directory) file.linkCount++;
    }
  } else if (kind === FileKind.symlink) {
    file.data = DataKind.target;
    file.size = file.tailSize = inode.target.length;
    if (file.size === 0 || file.size >= IMAGE_BLOCK_SIZE) {
      throw limit("target of a symbolic link", `it has ${file.size} bytes`, "1 to 4095");
    }
  } else if (inode.kind === FileKind.regular) {
    setFileData(file, version);
  }
}

function setFileData(file: ImageInode, version: ImageVersion): void {
  const { content, size } = file.inode;
  file.size = size;
  if (content?.bytes !== undefined) {
    if (content.bytes.length !== size) {
      throw new RangeError(`content has ${content.bytes.length} bytes, expected ${size}`);
    }
    if (size === 0) return;
    file.data = DataKind.bytes;
    if (version === 2) {
      if (size > INLINE_MAX_2) {
        throw limit("file", `${size} bytes are in the image`, `at most ${INLINE_MAX_2}`);
      }
      file.tailSize = size;
      return;
    }
    file.blockCount = Math.floor(size / IMAGE_BLOCK_SIZE);
    file.tailSize = size % IMAGE_BLOCK_SIZE;
    if (file.tailSize > TAIL_MAX) {
      file.blockCount++;
      file.tailSize = 0;
    }
    return;
  }
  if (version === 2) {
    if (size === 0 && content === null) return;
    file.data = DataKind.chunks;
    file.chunkBits = CHUNK_BITS_MAX;
    // Only files with a digest have the entry that all should have.
    file.tailSize = content?.digest === undefined ? 0 : CHUNK_ENTRY_SIZE;
    return;
  }
  if (size === 0) return;
  file.data = DataKind.chunks;
  file.chunkBits = chunkBitsOf(size);
  const chunkSize = 2 ** file.chunkBits * IMAGE_BLOCK_SIZE;
  file.tailSize = Math.ceil(size / chunkSize) * CHUNK_ENTRY_SIZE;
}

/** Base 2 logarithm of the blocks of a chunk: as few chunks as can be, and none larger than it must. */
function chunkBitsOf(size: number): number {
  let bits = 0;
  while (bits < CHUNK_BITS_MAX && 2 ** bits * IMAGE_BLOCK_SIZE < size) bits++;
  return bits;
}

/** Versions 0 and 1: where an inode begins whose place could be `position`. */
function place(file: ImageInode, position: number): number {
  const head = headSize(file);
  const blockEnd = alignUp(position, IMAGE_BLOCK_SIZE);
  if (file.data === DataKind.target) {
    // Kernels before 6.12 take no target that goes over the end of a block.
    const end = position % IMAGE_BLOCK_SIZE + head + file.tailSize;
    if (head + file.tailSize >= IMAGE_BLOCK_SIZE) moveToBlock(file);
    return end > IMAGE_BLOCK_SIZE ? blockEnd : position;
  }
  if (file.data === DataKind.chunks) {
    if (file.tailSize + file.xattrSize % INODE_SLOT_SIZE > IMAGE_BLOCK_SIZE) {
      moveToBlock(file);
      return blockEnd;
    }
  }
  const room = alignUp(position + head, IMAGE_BLOCK_SIZE) - (position + head);
  if (room === 0 || room >= file.tailSize) return position;
  return position + alignUp(room, INODE_SLOT_SIZE);
}

/** The data that would stand behind the inode stands in a block. */
function moveToBlock(file: ImageInode): void {
  file.blockCount++;
  file.tailSize = 0;
}

/** Version 2: where an inode begins whose place could be `position`. */
function placeVersion2(file: ImageInode, position: number): number {
  if (file.tailSize === 0 || file.data === DataKind.chunks) return position;
  const start = position + headSize(file);
  const end = start + file.size % IMAGE_BLOCK_SIZE;
  const blockOf = (offset: number) => Math.floor(offset / IMAGE_BLOCK_SIZE);
  if (blockOf(start - 1) === blockOf(end)) return position;
  const padding = IMAGE_BLOCK_SIZE - (start - 1) % IMAGE_BLOCK_SIZE;
  return alignUp(position + padding, INODE_SLOT_SIZE);
}

function fitsCompact(file: ImageInode, seconds: number, nanoseconds: number): boolean {
  const { inode, linkCount, size } = file;
  return inode.mtimeSeconds === seconds && inode.mtimeNanoseconds === nanoseconds &&
    linkCount <= 0xffff && inode.uid <= 0xffff && inode.gid <= 0xffff && size <= U32_MAX;
}

/** The earliest time of all files; times before 1970 count as the latest ones. */
function earliestTime(files: readonly ImageInode[]): { seconds: number; nanoseconds: number } {
  let best = files[0].inode;
  for (const { inode } of files) {
    const isLate = inode.mtimeSeconds < 0;
    const order = Number(isLate) - Number(best.mtimeSeconds < 0) ||
      inode.mtimeSeconds - best.mtimeSeconds ||
      inode.mtimeNanoseconds - best.mtimeNanoseconds;
    if (order < 0) best = inode;
  }
  return { seconds: best.mtimeSeconds, nanoseconds: best.mtimeNanoseconds };
}

function limit(thing: string, observed: string, expected: string): ImageError {
  return new ImageError(
    "LIMIT_EXCEEDED",
    `Cannot write ${thing}: ${observed}, expected ${expected}`,
  );
}
