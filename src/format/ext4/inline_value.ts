/**
 * The attribute `system.data`, in which the end of what an inode holds (`inline_data`) stands. It
 * must be there, also without a value.
 *
 * @module
 */
import { INODE_BLOCK_SIZE } from "./inode.ts";
import {
  XATTR_INODE_HEADER_SIZE,
  XATTR_TERMINATOR_SIZE,
  xattrEntrySize,
  xattrValueSize,
} from "./xattr.ts";
import type { DiskXattr } from "./xattr_layout.ts";

const NAME = "data";
const NAME_INDEX = 7;

/** Bytes that an inode with `xattrRoom` bytes for attributes holds where it has no other. */
export function inlineCapacity(xattrRoom: number): number {
  const around = XATTR_INODE_HEADER_SIZE + XATTR_TERMINATOR_SIZE + inlineValueRoom(0);
  return INODE_BLOCK_SIZE + xattrRoom - around;
}

/** Bytes that the attribute takes with a value of `valueSize` bytes. */
export function inlineValueRoom(valueSize: number): number {
  return xattrEntrySize(NAME.length) + xattrValueSize(valueSize);
}

/** The attribute. */
export function inlineXattr(value: Uint8Array): DiskXattr {
  return { index: NAME_INDEX, suffix: NAME, value, large: null };
}
