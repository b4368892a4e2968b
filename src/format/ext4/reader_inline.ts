/**
 * What stands in an inode instead of blocks (`inline_data`): the bytes of a small file, the target
 * of a symbolic link, the entries of a small directory.
 *
 * @module
 */
import { IncompatFeature } from "./features.ts";
import { INODE_BLOCK_SIZE } from "./inode.ts";
import { INLINE_PARENT_SIZE } from "./inline_directory.ts";
import { checkEntryName, type FoundName, readEntries } from "./reader_directory.ts";
import type { FoundInode } from "./reader_inodes.ts";
import type { Ext4Volume } from "./reader_volume.ts";

/**
 * The bytes in an inode: `i_block`, then `value` of `system.data`, which must be there. Throws
 * `ImageError` `CORRUPT`.
 */
export function readInline(
  volume: Ext4Volume,
  inode: FoundInode,
  value: Uint8Array | null,
): Uint8Array<ArrayBuffer> {
  const thing = `inode ${inode.number}`;
  if ((volume.superblock.featureIncompat & IncompatFeature.inlineData) === 0) {
    throw volume.corrupt(thing, "its data is inline", "blocks, without inline_data");
  }
  if (value === null) throw volume.corrupt(thing, "its data is inline", "system.data");
  const bytes = new Uint8Array(INODE_BLOCK_SIZE + value.length);
  bytes.set(inode.bytes.subarray(inode.blockAt, inode.blockAt + INODE_BLOCK_SIZE));
  bytes.set(value, INODE_BLOCK_SIZE);
  return bytes;
}

/**
 * The bytes of a file that stand in its inode. They may be less than its size: `mke2fs` leaves what
 * is zero at the end of a sparse file out, of any size, and the kernel reads zeros there.
 */
export function readInlineFile(
  volume: Ext4Volume,
  inode: FoundInode,
  value: Uint8Array | null,
): Uint8Array {
  return readInline(volume, inode, value).slice(0, inode.fields.size);
}

/** The target of a symbolic link in its inode; throws `ImageError` `CORRUPT` where it is cut off. */
export function readInlineTarget(
  volume: Ext4Volume,
  inode: FoundInode,
  value: Uint8Array | null,
): Uint8Array {
  const bytes = readInlineFile(volume, inode, value);
  const { size } = inode.fields;
  if (size > bytes.length) {
    throw volume.corrupt(`inode ${inode.number}`, `size is ${size}`, `at most ${bytes.length}`);
  }
  return bytes;
}

/** The entries of a directory in its inode; its parent must be `parent`. */
export function readInlineDirectory(
  volume: Ext4Volume,
  inode: FoundInode,
  value: Uint8Array | null,
  parent: number,
): FoundName[] {
  const thing = `directory inode ${inode.number}`;
  const bytes = readInline(volume, inode, value);
  const view = new DataView(bytes.buffer);
  if (view.getUint32(0, true) !== parent) {
    throw volume.corrupt(thing, `its parent is inode ${view.getUint32(0, true)}`, `${parent}`);
  }
  if (inode.fields.size !== bytes.length) {
    throw volume.corrupt(thing, `size is ${inode.fields.size}`, `${bytes.length}`);
  }
  const names: FoundName[] = [];
  const parts = [[INLINE_PARENT_SIZE, INODE_BLOCK_SIZE], [INODE_BLOCK_SIZE, bytes.length]];
  parts.forEach(([start, end], part) => {
    const piece = bytes.subarray(start, end);
    const pieceView = new DataView(bytes.buffer, start, end - start);
    for (const entry of readEntries(volume, thing, part, piece, pieceView)) {
      checkEntryName(volume, thing, entry, names.length);
      names.push(entry);
    }
  });
  return names;
}
