/**
 * Inodes of an image by their numbers, compact and extended ones in one form.
 *
 * @module
 */
import { type FileKind, kindOfMode } from "../../tree/inode.ts";
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
} from "./inode.ts";
import type { ErofsVolume } from "./reader_volume.ts";
import { xattrSize } from "./xattr.ts";

/** An inode as it stands, its data not yet looked at. */
export interface FoundInode {
  /** Its number. */
  readonly nid: number;
  /** Where it begins in the image. */
  readonly position: number;
  /** Bytes without attributes. */
  readonly inodeSize: number;
  /** Bytes of attributes. */
  readonly xattrSize: number;
  /** How its data is found. */
  readonly layout: DataLayout;
  /** Whether a directory has no `.`. */
  readonly hasNoDot: boolean;
  /** What it is. */
  readonly kind: FileKind;
  /** `st_mode`. */
  readonly mode: number;
  readonly size: number;
  /** Start block, device number, or chunk format. */
  readonly union: number;
  /** Bits 32 to 47 of the start block. */
  readonly blockHigh: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
  readonly links: number;
}

/** Reads the inode of a number; throws `ImageError` `CORRUPT` or `UNSUPPORTED`. */
export function readInode(volume: ErofsVolume, nid: number): FoundInode {
  const thing = `inode ${nid}`;
  const position = volume.inodePosition(nid);
  const head = volume.metadata(position, INODE_COMPACT_SIZE, thing);
  const format = head.view.getUint16(head.at, true);
  const layout = layoutOf(format);
  if (format > FORMAT_ALL || layout > DataLayout.chunkBased) {
    throw volume.unsupported(thing, `format is 0x${format.toString(16)}`, "a known one");
  }
  const fields = (format & FORMAT_EXTENDED) !== 0
    ? extendedFields(volume, position, thing)
    : compactFields(volume, head.view, head.at);
  const kind = kindOfMode(fields.mode);
  if (kind === undefined) {
    throw volume.corrupt(thing, `mode is 0${fields.mode.toString(8)}`, "a file", position);
  }
  if (fields.mtimeNanoseconds >= 1_000_000_000) {
    throw volume.corrupt(thing, `its time has ${fields.mtimeNanoseconds} ns`, "below 10^9");
  }
  return {
    ...fields,
    nid,
    position,
    xattrSize: xattrSize(fields.xattrCount),
    layout: layout as DataLayout,
    hasNoDot: (format & FORMAT_ONE_LINK) !== 0,
    kind,
  };
}

function extendedFields(volume: ErofsVolume, position: number, thing: string) {
  const { view, at } = volume.metadata(position, INODE_EXTENDED_SIZE, thing);
  return { ...readExtendedInode(view, at), inodeSize: INODE_EXTENDED_SIZE };
}

function compactFields({ superblock }: ErofsVolume, view: DataView, at: number) {
  const { linksOrHigh, mtimeOffset, ...fields } = readCompactInode(view, at);
  const isDirectory = (fields.mode & 0o170000) === 0o040000;
  const hasOneLink = !isDirectory && (fields.format & FORMAT_ONE_LINK) !== 0;
  return {
    ...fields,
    inodeSize: INODE_COMPACT_SIZE,
    blockHigh: hasOneLink ? linksOrHigh : 0,
    links: hasOneLink ? 1 : linksOrHigh,
    mtimeSeconds: superblock.epochSeconds + mtimeOffset,
    mtimeNanoseconds: superblock.epochNanoseconds,
  };
}
