/**
 * The name filter of an inode's attributes: a bit for every name that is there, so that the kernel
 * need not look for those that are not (feature `xattr_filter`, Linux 6.6).
 *
 * @module
 */
import { xxh32 } from "../../bytes/xxh32.ts";
import type { XattrName } from "./xattr.ts";

const SEED = 0x25bb_e08f;
const BITS = 32;

/** The filter of an inode without attributes, as it stands on disk. */
export const EMPTY_XATTR_FILTER = 0xffff_ffff;

/** Number of the bit of a name. */
export function xattrFilterBit({ index, suffix }: XattrName): number {
  return xxh32(suffix, SEED + index) % BITS;
}

/** `h_name_filter` of an inode with these names: the bits of names that are there are 0. */
export function xattrFilter(names: Iterable<XattrName>): number {
  let filter = EMPTY_XATTR_FILTER;
  for (const name of names) filter &= ~(1 << xattrFilterBit(name));
  return filter >>> 0;
}
