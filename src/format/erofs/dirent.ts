/**
 * Directory entries (kernel `struct erofs_dirent`): a directory block holds all entries, then
 * all names without NUL, in byte order. Little-endian.
 *
 * @module
 */
import { getU64, setU64 } from "../../bytes/u64.ts";

/** Bytes of an entry without its name. */
export const DIRENT_SIZE = 12;
/** Longest name in bytes. */
export const NAME_MAX = 255;

/** An entry without its name. */
export interface Dirent {
  /** Inode number: its place in units of 32 bytes. */
  nid: number;
  /** Bytes from the start of the block to the name. */
  nameOffset: number;
  /** A value of `FileKind`. */
  fileType: number;
}

/** Writes an entry. */
export function writeDirent(view: DataView, at: number, x: Dirent): void {
  setU64(view, at + 0x0, x.nid); // nid
  view.setUint16(at + 0x8, x.nameOffset, true); // nameoff
  view.setUint8(at + 0xa, x.fileType); // file_type
  view.setUint8(at + 0xb, 0); // reserved
}

/** Reads an entry; throws `ImageError` `LIMIT_EXCEEDED` for inode numbers above 2^53. */
export function readDirent(view: DataView, at: number): Dirent {
  return {
    nid: getU64(view, at + 0x0), // nid
    nameOffset: view.getUint16(at + 0x8, true), // nameoff
    fileType: view.getUint8(at + 0xa), // file_type
  };
}
