/**
 * Fragment blocks, which hold the ends of many files (kernel `struct squashfs_fragment_entry`), and
 * the sizes of data blocks. Little-endian.
 *
 * @module
 */
import { getU64, setU64 } from "../../bytes/u64.ts";

/** Bytes of an entry of the fragment table. */
export const FRAGMENT_ENTRY_SIZE = 16;
/** Bit of a stored size: the block is as it was, not compressed. */
export const UNCOMPRESSED_BLOCK = 0x100_0000;

/** Where a fragment block is. */
export interface FragmentEntry {
  /** Position in the image. */
  start: number;
  /** Stored size, with `UNCOMPRESSED_BLOCK` where it is not compressed. */
  size: number;
}

/** Writes an entry. */
export function writeFragmentEntry(view: DataView, at: number, x: FragmentEntry): void {
  setU64(view, at + 0x0, x.start); // start_block
  view.setUint32(at + 0x8, x.size, true); // size
  view.setUint32(at + 0xc, 0, true); // unused
}

/** Reads an entry. */
export function readFragmentEntry(view: DataView, at: number): FragmentEntry {
  return {
    start: getU64(view, at + 0x0), // start_block
    size: view.getUint32(at + 0x8, true), // size
  };
}

/** Bytes of a stored block, whether compressed or not. */
export function storedBytes(size: number): number {
  return size % UNCOMPRESSED_BLOCK;
}
