/**
 * One inode of an image that is read: its fields, and which bytes are its data.
 *
 * @module
 */
import {
  type CompactInode,
  DataLayout,
  type ExtendedInode,
  FORMAT_ALL,
  FORMAT_EXTENDED,
  FORMAT_ONE_LINK,
  INODE_COMPACT_SIZE,
  INODE_EXTENDED_SIZE,
  layoutOf,
  readCompactInode,
  readExtendedInode,
} from "../../format/erofs/inode.ts";
import { xattrSize } from "../../format/erofs/xattr.ts";
import { type FileKind, kindOfMode } from "../../tree/inode.ts";
import { corrupt } from "./corrupt_image.ts";
import type { ImageBytes } from "./image_bytes.ts";
import { IMAGE_BLOCK_SIZE, INODE_SLOT_SIZE } from "./image_version.ts";

/** The fields of an inode, compact or extended. */
export interface FoundInode {
  /** Where it begins. */
  readonly position: number;
  readonly kind: FileKind;
  readonly permissions: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
  readonly links: number;
  readonly size: number;
  readonly layout: number;
  /** `i_u`. */
  readonly union: number;
  /** Where its attributes begin. */
  readonly xattrStart: number;
  /** Where they end, and data behind the inode begins. */
  readonly xattrEnd: number;
}

/** Reads the inode with that number. Throws `ImageError` `CORRUPT` or `LIMIT_EXCEEDED`. */
export function readInode({ pages, superblock }: ImageBytes, nid: number): FoundInode {
  const position = nid * INODE_SLOT_SIZE;
  const { view, at } = pages.load(position, position + INODE_COMPACT_SIZE, "inode");
  if (view.getUint16(at, true) % 2 === FORMAT_EXTENDED) {
    const all = pages.load(position, position + INODE_EXTENDED_SIZE, "inode");
    const x = readExtendedInode(all.view, all.at);
    if (x.blockHigh !== 0) throw corrupt("inode", `i_nb is ${x.blockHigh}`, "0", position);
    return foundInode(x, x, x.links, position, position + INODE_EXTENDED_SIZE);
  }
  const x = readCompactInode(view, at);
  if (x.mtimeOffset !== 0) {
    throw corrupt("inode", `i_mtime is ${x.mtimeOffset}`, "0 in a compact inode", position);
  }
  const time = {
    mtimeSeconds: superblock.epochSeconds,
    mtimeNanoseconds: superblock.epochNanoseconds,
  };
  return foundInode(x, time, x.linksOrHigh, position, position + INODE_COMPACT_SIZE);
}

function foundInode(
  { format, mode, size, union, uid, gid, xattrCount }: CompactInode | ExtendedInode,
  { mtimeSeconds, mtimeNanoseconds }: Pick<ExtendedInode, "mtimeSeconds" | "mtimeNanoseconds">,
  links: number,
  position: number,
  xattrStart: number,
): FoundInode {
  const kind = kindOfMode(mode);
  const layout = layoutOf(format);
  const isKnown = layout === DataLayout.flatPlain || layout === DataLayout.flatInline ||
    layout === DataLayout.chunkBased;
  if (kind === undefined || !isKnown || format > FORMAT_ALL || format >= FORMAT_ONE_LINK) {
    throw corrupt(
      `inode ${position / INODE_SLOT_SIZE}`,
      `format is ${format} and mode 0${mode.toString(8)}`,
      "those of a plain, inline or chunk-based file",
      position,
    );
  }
  if (mtimeNanoseconds > 999_999_999) {
    throw corrupt("inode", `nanoseconds are ${mtimeNanoseconds}`, "< 10^9", position);
  }
  return {
    position,
    kind,
    permissions: mode % 0o10000,
    uid,
    gid,
    mtimeSeconds,
    mtimeNanoseconds,
    links,
    size,
    layout,
    union,
    xattrStart,
    xattrEnd: xattrStart + xattrSize(xattrCount),
  };
}

/** The data of a file that stands in the image itself. */
export interface ImageData {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where its whole blocks begin in the image. */
  readonly blocksStart: number;
  /** Bytes in them; the rest stands behind the inode. */
  readonly blocksSize: number;
}

/**
 * The data of a file, which is not of chunks; no other file may have the same bytes. `take` gives the
 * room for it. Throws `ImageError` `CORRUPT`.
 */
export function readData(
  image: ImageBytes,
  inode: FoundInode,
  take = (size: number): Uint8Array<ArrayBuffer> => new Uint8Array(size),
): ImageData {
  const { size, layout, union, position, xattrEnd } = inode;
  const { pages } = image;
  if (size > pages.size) {
    throw corrupt("file", `it has ${size} bytes`, `at most ${pages.size}`, position);
  }
  const isInline = layout === DataLayout.flatInline;
  const tailSize = isInline ? size % IMAGE_BLOCK_SIZE : 0;
  const tailEnd = xattrEnd + tailSize;
  image.claimInode(position, tailEnd);
  if (blockOf(xattrEnd) !== blockOf(Math.max(xattrEnd, tailEnd - 1))) {
    throw corrupt("file", "its end goes over that of a block", "it in one block", position);
  }
  const blocksSize = size - tailSize;
  const blockCount = Math.ceil(blocksSize / IMAGE_BLOCK_SIZE);
  if (blockCount > 0) image.claimBlocks(union, union + blockCount);
  const bytes = take(size);
  const blocksStart = union * IMAGE_BLOCK_SIZE;
  pages.copy(bytes.subarray(0, blocksSize), blocksStart, "blocks of a file");
  pages.copy(bytes.subarray(blocksSize), xattrEnd, "end of a file");
  return { bytes, blocksStart, blocksSize };
}

/** Block of the image that has the byte at `offset`. */
function blockOf(offset: number): number {
  return Math.floor(offset / IMAGE_BLOCK_SIZE);
}
