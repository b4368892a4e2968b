/**
 * One inode of an image that is read: its fields, and which bytes are its data.
 *
 * @module
 */
import {
  DataLayout,
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
import { corrupt, type ImageBytes } from "./image_bytes.ts";
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
export function readInode(image: ImageBytes, nid: number): FoundInode {
  const position = nid * INODE_SLOT_SIZE;
  image.slice(position, position + INODE_COMPACT_SIZE, `inode ${nid}`);
  const format = image.view.getUint16(position, true);
  const isExtended = format % 2 === FORMAT_EXTENDED;
  const fields = isExtended ? readExtended(image, position) : readCompact(image, position);
  const kind = kindOfMode(fields.mode);
  const layout = layoutOf(format);
  const isKnown = layout === DataLayout.flatPlain || layout === DataLayout.flatInline ||
    layout === DataLayout.chunkBased;
  if (kind === undefined || !isKnown || format > FORMAT_ALL || format >= FORMAT_ONE_LINK) {
    throw corrupt(
      `inode ${nid}`,
      `format is ${format} and mode 0${fields.mode.toString(8)}`,
      "those of a plain, inline or chunk-based file",
      position,
    );
  }
  if (fields.mtimeNanoseconds > 999_999_999) {
    throw corrupt(`inode ${nid}`, `nanoseconds are ${fields.mtimeNanoseconds}`, "< 10^9", position);
  }
  const xattrStart = position + (isExtended ? INODE_EXTENDED_SIZE : INODE_COMPACT_SIZE);
  const xattrEnd = xattrStart + xattrSize(fields.xattrCount);
  return {
    ...fields,
    position,
    kind,
    permissions: fields.mode % 0o10000,
    layout,
    xattrStart,
    xattrEnd,
  };
}

function readCompact(image: ImageBytes, position: number) {
  const x = readCompactInode(image.view, position);
  const { epochSeconds, epochNanoseconds } = image.superblock;
  if (x.mtimeOffset !== 0) {
    throw corrupt("inode", `i_mtime is ${x.mtimeOffset}`, "0 in a compact inode", position);
  }
  return {
    ...x,
    links: x.linksOrHigh,
    mtimeSeconds: epochSeconds,
    mtimeNanoseconds: epochNanoseconds,
  };
}

function readExtended(image: ImageBytes, position: number) {
  image.slice(position, position + INODE_EXTENDED_SIZE, "inode");
  const x = readExtendedInode(image.view, position);
  if (x.blockHigh !== 0) throw corrupt("inode", `i_nb is ${x.blockHigh}`, "0", position);
  return x;
}

/** The data of a file that stands in the image itself, in one or two pieces. */
export interface ImageData {
  /** Whole blocks. */
  readonly blocks: Uint8Array<ArrayBuffer>;
  /** What stands behind the inode. */
  readonly tail: Uint8Array<ArrayBuffer>;
}

/**
 * The data of a file, which is not of chunks; no other file may have the same bytes. Throws
 * `ImageError` `CORRUPT`.
 */
export function readData(image: ImageBytes, inode: FoundInode): ImageData {
  const { size, layout, union, position, xattrEnd } = inode;
  if (size > image.bytes.length) {
    throw corrupt("file", `it has ${size} bytes`, `at most ${image.bytes.length}`, position);
  }
  const isInline = layout === DataLayout.flatInline;
  const tailSize = isInline ? size % IMAGE_BLOCK_SIZE : 0;
  const tailEnd = xattrEnd + tailSize;
  image.claimInode(position, tailEnd);
  if (blockOf(xattrEnd) !== blockOf(Math.max(xattrEnd, tailEnd - 1))) {
    throw corrupt("file", "its end goes over that of a block", "it in one block", position);
  }
  const blockCount = Math.ceil((size - tailSize) / IMAGE_BLOCK_SIZE);
  if (blockCount > 0) image.claimBlocks(union, union + blockCount);
  const start = blockCount === 0 ? 0 : union * IMAGE_BLOCK_SIZE;
  return {
    blocks: image.slice(start, start + size - tailSize, "blocks of a file"),
    tail: image.slice(xattrEnd, tailEnd, "end of a file"),
  };
}

/** The bytes of a file in one piece; no copy where they are one already. */
export function joinData({ blocks, tail }: ImageData): Uint8Array<ArrayBuffer> {
  if (tail.length === 0) return blocks;
  if (blocks.length === 0) return tail;
  const joined = new Uint8Array(blocks.length + tail.length);
  joined.set(blocks);
  joined.set(tail, blocks.length);
  return joined;
}

/** Block of the image that has the byte at `offset`. */
export function blockOf(offset: number): number {
  return Math.floor(offset / IMAGE_BLOCK_SIZE);
}
