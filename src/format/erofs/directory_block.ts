/**
 * The blocks of a directory: entries first, names behind them, both in byte order with `.` and
 * `..` among them.
 *
 * @module
 */
import { type ByteString, writeByteString } from "../../bytes/byte_string.ts";
import { DIRENT_SIZE, writeDirent } from "./dirent.ts";
import { INODE_COMPACT_SIZE } from "./inode.ts";

/** Entries of a block. */
export interface DirectoryBlock {
  /** First name. */
  readonly start: number;
  /** The name behind the last. */
  readonly end: number;
  /** Bytes of entries and names. */
  readonly size: number;
}

/** Cuts names into blocks: as many as fit go into each. */
export function* directoryBlocks(
  names: readonly ByteString[],
  blockSize: number,
): Generator<DirectoryBlock> {
  let start = 0;
  let size = 0;
  for (let i = 0; i < names.length; i++) {
    const entrySize = DIRENT_SIZE + names[i].length;
    if (size + entrySize > blockSize) {
      yield { start, end: i, size };
      start = i;
      size = 0;
    }
    size += entrySize;
  }
  yield { start, end: names.length, size };
}

/** Bytes of a last block that stand behind the inode: its `size`, or 0 where it has a block. */
export function directoryTailSize(size: number, blockSize: number): number {
  return size <= blockSize - INODE_COMPACT_SIZE ? size : 0;
}

/** What stands behind a name. */
export interface DirectoryEntry {
  /** Inode number. */
  readonly nid: number;
  /** A value of `FileKind`. */
  readonly kind: number;
}

/** Writes a block to `at` of zeroed `bytes`. */
export function writeDirectoryBlock(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  names: readonly ByteString[],
  { start, end }: DirectoryBlock,
  entryOf: (name: ByteString, index: number) => DirectoryEntry,
): void {
  let nameOffset = (end - start) * DIRENT_SIZE;
  for (let i = start; i < end; i++) {
    const name = names[i];
    const { nid, kind } = entryOf(name, i);
    writeDirent(view, at + (i - start) * DIRENT_SIZE, { nid, nameOffset, fileType: kind });
    writeByteString(bytes, at + nameOffset, name);
    nameOffset += name.length;
  }
}
