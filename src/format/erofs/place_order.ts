/**
 * Inodes in the order of numbers that are spread evenly, as places are: that takes far less than to
 * sort them.
 *
 * @module
 */
import type { Inode } from "../../tree/inode.ts";

/** Inodes in ascending order of their `number`, from 0 to below `end`. */
export function inPlaceOrder<C>(inodes: readonly Inode<C>[], end: number): Inode<C>[] {
  const rangeSize = Math.max(1, Math.ceil(end / inodes.length));
  // A list for each range: its first inode, and the next behind each; 0 for none.
  const first = new Uint32Array(Math.ceil(end / rangeSize));
  const next = new Uint32Array(inodes.length);
  for (let i = inodes.length - 1; i >= 0; i--) {
    const range = Math.floor(inodes[i].number / rangeSize);
    next[i] = first[range];
    first[range] = i + 1;
  }
  const ordered = new Array<Inode<C>>(inodes.length);
  let count = 0;
  for (const start of first) {
    for (let i = start; i > 0; i = next[i - 1]) {
      const inode = inodes[i - 1];
      let at = count++;
      for (; at > 0 && ordered[at - 1].number > inode.number; at--) ordered[at] = ordered[at - 1];
      ordered[at] = inode;
    }
  }
  return ordered;
}
