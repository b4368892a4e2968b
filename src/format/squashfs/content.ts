/**
 * Where the bytes of a regular file are in a squashfs image.
 *
 * @module
 */
import { NONE } from "./inode.ts";

/** The block list of files that have no blocks of their own. */
export const NO_BLOCKS: Uint32Array<ArrayBuffer> = new Uint32Array(0);

/** The place of a file's bytes: blocks one behind the other, and perhaps a part of a fragment block. */
export class SquashfsContent {
  /** Bytes of the file. */
  readonly size: number;
  /** Position of its first block in the image; known when it was written. */
  start = 0;
  /**
   * Stored size of each block: 0 is a block of zeros that is not stored; bit 24 stands for a block
   * that is not compressed.
   */
  blockSizes: Uint32Array<ArrayBuffer> = NO_BLOCKS;
  /** Number of the fragment block with what is behind the blocks, `0xffffffff` for none. */
  fragment: number = NONE;
  /** Where in the fragment block. */
  offset = 0;
  /** Bytes of blocks that are not stored. */
  sparseBytes = 0;
  /** How many files that were written have these bytes. */
  references = 1;

  /** The place of a file of `size` bytes, still to be found. */
  constructor(size: number) {
    this.size = size;
  }
}
