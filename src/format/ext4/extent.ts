/**
 * Extent trees (kernel `struct ext4_extent_header`, `ext4_extent`, `ext4_extent_idx`): a header
 * of 12 bytes, then entries of 12 bytes. Little-endian.
 *
 * @module
 */
import { joinU64 } from "../../bytes/u64.ts";

/** Bytes of a header, and of every entry. */
export const EXTENT_ENTRY_SIZE = 12;
/** `eh_magic`. */
export const EXTENT_MAGIC = 0xf30a;
/** Entries that fit in `i_block`. */
export const EXTENTS_IN_INODE = 4;
/** Blocks of the longest extent. */
export const EXTENT_MAX_BLOCKS = 32768;
/** Bytes of `struct ext4_extent_tail`, the checksum behind `eh_max` entries of a block. */
export const EXTENT_TAIL_SIZE = 4;
/** The deepest tree that the kernel reads. */
export const EXTENT_MAX_DEPTH = 5;

/** Head of a node. */
export interface ExtentHeader {
  magic: number;
  /** Entries in use. */
  entries: number;
  /** Entries that fit. */
  max: number;
  /** 0 in a leaf. */
  depth: number;
  generation: number;
}

/** Entry of a leaf: a run of blocks. */
export interface ExtentLeaf {
  /** First logical block of the file. */
  logicalBlock: number;
  /** `ee_len` as it stands: above 32768 the extent is unwritten and 32768 shorter. */
  length: number;
  /** First block on disk. */
  startBlock: number;
}

/** Entry of an interior node: a child. */
export interface ExtentIndex {
  /** First logical block below the child. */
  logicalBlock: number;
  /** Block of the child. */
  childBlock: number;
}

/** Entries that fit in a block of `blockSize` bytes; the checksum always has its place. */
export function extentsPerBlock(blockSize: number): number {
  return Math.floor((blockSize - EXTENT_ENTRY_SIZE) / EXTENT_ENTRY_SIZE);
}

/** Writes a header. */
export function writeExtentHeader(view: DataView, at: number, x: ExtentHeader): void {
  view.setUint16(at + 0x0, x.magic, true); // eh_magic
  view.setUint16(at + 0x2, x.entries, true); // eh_entries
  view.setUint16(at + 0x4, x.max, true); // eh_max
  view.setUint16(at + 0x6, x.depth, true); // eh_depth
  view.setUint32(at + 0x8, x.generation, true); // eh_generation
}

/** Reads a header. */
export function readExtentHeader(view: DataView, at: number): ExtentHeader {
  return {
    magic: view.getUint16(at + 0x0, true), // eh_magic
    entries: view.getUint16(at + 0x2, true), // eh_entries
    max: view.getUint16(at + 0x4, true), // eh_max
    depth: view.getUint16(at + 0x6, true), // eh_depth
    generation: view.getUint32(at + 0x8, true), // eh_generation
  };
}

/** Writes an entry of a leaf. */
export function writeExtentLeaf(view: DataView, at: number, x: ExtentLeaf): void {
  view.setUint32(at + 0x0, x.logicalBlock, true); // ee_block
  view.setUint16(at + 0x4, x.length, true); // ee_len
  view.setUint16(at + 0x6, Math.floor(x.startBlock / 0x1_0000_0000), true); // ee_start_hi
  view.setUint32(at + 0x8, x.startBlock % 0x1_0000_0000, true); // ee_start_lo
}

/** Reads an entry of a leaf. */
export function readExtentLeaf(view: DataView, at: number): ExtentLeaf {
  return {
    logicalBlock: view.getUint32(at + 0x0, true), // ee_block
    length: view.getUint16(at + 0x4, true), // ee_len
    startBlock: joinU64(view.getUint32(at + 0x8, true), view.getUint16(at + 0x6, true)), // ee_start
  };
}

/** Writes an entry of an interior node. */
export function writeExtentIndex(view: DataView, at: number, x: ExtentIndex): void {
  view.setUint32(at + 0x0, x.logicalBlock, true); // ei_block
  view.setUint32(at + 0x4, x.childBlock % 0x1_0000_0000, true); // ei_leaf_lo
  view.setUint16(at + 0x8, Math.floor(x.childBlock / 0x1_0000_0000), true); // ei_leaf_hi
  view.setUint16(at + 0xa, 0, true); // ei_unused
}

/** Reads an entry of an interior node. */
export function readExtentIndex(view: DataView, at: number): ExtentIndex {
  return {
    logicalBlock: view.getUint32(at + 0x0, true), // ei_block
    childBlock: view.getUint16(at + 0x8, true) * 0x1_0000_0000 + view.getUint32(at + 0x4, true), // ei_leaf
  };
}
