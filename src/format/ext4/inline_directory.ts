/**
 * A small directory in its inode (`inline_data`): the number of the parent and 56 bytes of entries
 * in `i_block`, the others in the attribute `system.data`. There are no entries for `.` and `..`,
 * no checksum but that of the inode, and no entry reaches from one part into the other.
 *
 * @module
 */
import { type ByteString, writeByteString } from "../../bytes/byte_string.ts";
import type { FileKind } from "../../tree/inode.ts";
import { DIRENT_HEADER_SIZE, direntSize, writeDirent } from "./dirent.ts";
import { INODE_BLOCK_SIZE } from "./inode.ts";

/** Bytes of the number of the parent. */
export const INLINE_PARENT_SIZE = 4;
const FIRST_PART_SIZE = INODE_BLOCK_SIZE - INLINE_PARENT_SIZE;

/** What a name stands for. */
export interface InlineChild {
  /** Its inode number. */
  readonly number: number;
  /** Its kind. */
  readonly kind: FileKind;
}

/** Bytes that the entries take in `system.data`, `null` where they are more than `room`. */
export function inlineDirectoryValueSize(
  names: readonly ByteString[],
  room: number,
): number | null {
  const count = countInFirstPart(names);
  let size = 0;
  for (let i = count; i < names.length && size <= room; i++) size += direntSize(names[i].length);
  return size <= room ? size : null;
}

/** Writes a directory to the zeros of `i_block` at `at`; answers the value of `system.data`. */
export function writeInlineDirectory(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  parentNumber: number,
  names: readonly ByteString[],
  childOf: (name: ByteString) => InlineChild,
): Uint8Array {
  view.setUint32(at, parentNumber, true);
  const count = countInFirstPart(names);
  const firstAt = at + INLINE_PARENT_SIZE;
  if (count === 0) {
    const recordLength = FIRST_PART_SIZE;
    writeDirent(view, firstAt, { inode: 0, recordLength, nameLength: 0, fileType: 0 });
  }
  writeEntries(bytes, view, firstAt, FIRST_PART_SIZE, names.slice(0, count), childOf);
  const rest = names.slice(count);
  const value = new Uint8Array(rest.reduce((sum, name) => sum + direntSize(name.length), 0));
  writeEntries(value, new DataView(value.buffer), 0, value.length, rest, childOf);
  return value;
}

/** How many names, in their order, have room in `i_block`. */
function countInFirstPart(names: readonly ByteString[]): number {
  let used = 0;
  const end = names.findIndex((name) => (used += direntSize(name.length)) > FIRST_PART_SIZE);
  return end < 0 ? names.length : end;
}

/** Writes entries of which the last reaches to the end of `size` bytes at `at`. */
function writeEntries(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  size: number,
  names: readonly ByteString[],
  childOf: (name: ByteString) => InlineChild,
): void {
  let used = 0;
  names.forEach((name, i) => {
    const { number, kind } = childOf(name);
    const isLast = i === names.length - 1;
    const recordLength = isLast ? size - used : direntSize(name.length);
    writeDirent(view, at + used, {
      inode: number,
      recordLength,
      nameLength: name.length,
      fileType: kind,
    });
    writeByteString(bytes, at + used + DIRENT_HEADER_SIZE, name);
    used += recordLength;
  });
}
