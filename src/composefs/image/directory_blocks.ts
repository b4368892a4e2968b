/**
 * How the entries of a directory of an image are cut into blocks, and what is left behind the inode.
 *
 * @module
 */
import type { ByteString } from "../../bytes/byte_string.ts";
import { DIRENT_SIZE } from "../../format/erofs/dirent.ts";
import { IMAGE_BLOCK_SIZE } from "./image_version.ts";

/** More bytes than this are no tail but a block. */
export const TAIL_MAX = IMAGE_BLOCK_SIZE / 2;

/** The cuts of a directory. */
export interface DirectoryBlocks {
  /** For each block, the index behind its last name. */
  readonly blockEnds: readonly number[];
  /** Bytes of the entries behind the last block. */
  readonly tailSize: number;
}

/** Fills blocks with the entries of `names`, one after the other. */
export function cutDirectory(names: readonly ByteString[]): DirectoryBlocks {
  const blockEnds: number[] = [];
  let fill = 0;
  for (let i = 0; i < names.length; i++) {
    const size = DIRENT_SIZE + names[i].length;
    if (fill + size > IMAGE_BLOCK_SIZE) {
      blockEnds.push(i);
      fill = 0;
    }
    fill += size;
  }
  if (fill <= TAIL_MAX) return { blockEnds, tailSize: fill };
  blockEnds.push(names.length);
  return { blockEnds, tailSize: 0 };
}
