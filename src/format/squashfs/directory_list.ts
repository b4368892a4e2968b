/**
 * Writes the list of one directory: its names in byte order, in runs that share a header, and an
 * index of the list where it is longer than a metadata block.
 *
 * @module
 */
import { type ByteString, writeByteString } from "../../bytes/byte_string.ts";
import {
  DIRECTORY_ENTRY_SIZE,
  DIRECTORY_HEADER_SIZE,
  ENTRIES_MAX,
  writeDirectoryEntry,
  writeDirectoryHeader,
} from "./directory_entry.ts";
import type { MetadataTable } from "./metadata_table.ts";
import { METADATA_SIZE } from "./superblock.ts";

/** Largest distance of an inode number from that of the header, either way. */
const DELTA_MAX = 0x7fff;

/** One name, and where its inode is. */
export interface ListedName {
  readonly name: ByteString;
  /** Number of the inode. */
  readonly number: number;
  /** Its block, bytes from the start of the inode table. */
  readonly startBlock: number;
  /** Its offset in the block. */
  readonly offset: number;
  /** Type of the inode, of the short form. */
  readonly type: number;
}

/** Where a header of the list can be found by its first name. */
export interface IndexedName {
  /** Bytes from the start of the list. */
  readonly position: number;
  /** Its metadata block, bytes from the start of the table. */
  readonly startBlock: number;
  /** The first name behind the header. */
  readonly name: ByteString;
}

/** A list that was written. */
export interface WrittenList {
  /** Its first metadata block, bytes from the start of the table. */
  readonly startBlock: number;
  /** Its offset in the block. */
  readonly offset: number;
  /** Its bytes. */
  readonly size: number;
  /** Its index; empty where the list stands in one metadata block. */
  readonly index: readonly IndexedName[];
}

/** Appends the list of `names`, which are in byte order, to the directory table. */
export function writeDirectoryList(
  table: MetadataTable,
  names: readonly ListedName[],
): WrittenList {
  const { blockStart: startBlock, offset } = table;
  const index: IndexedName[] = [];
  let position = 0;
  let indexedBlock = 0;
  for (let first = 0; first < names.length;) {
    const block = blockAt(offset + position);
    if (block > indexedBlock) {
      index.push({ position, startBlock: table.blockStart, name: names[first].name });
      indexedBlock = block;
    }
    const end = endOfRun(names, first, offset + position);
    position += writeRun(table, names, first, end);
    first = end;
  }
  return { startBlock, offset, size: position, index };
}

/** Names that can stand behind one header at `at`, counted from the start of the first block. */
function endOfRun(names: readonly ListedName[], first: number, at: number): number {
  const { startBlock, number } = names[first];
  const block = blockAt(at);
  let position = at + DIRECTORY_HEADER_SIZE;
  let end = first;
  while (end < names.length && end - first < ENTRIES_MAX) {
    const next = names[end];
    if (next.startBlock !== startBlock || Math.abs(next.number - number) > DELTA_MAX) break;
    // A new block begins with a header, so that the index can lead to it.
    if (end > first && blockAt(position) > block) break;
    position += DIRECTORY_ENTRY_SIZE + next.name.length;
    end++;
  }
  return end;
}

function blockAt(position: number): number {
  return Math.floor(position / METADATA_SIZE);
}

/** Appends a header and its entries; answers their bytes. */
function writeRun(
  table: MetadataTable,
  names: readonly ListedName[],
  first: number,
  end: number,
): number {
  let size = DIRECTORY_HEADER_SIZE;
  for (let i = first; i < end; i++) size += DIRECTORY_ENTRY_SIZE + names[i].name.length;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  const { startBlock, number } = names[first];
  writeDirectoryHeader(view, 0, { countMinus1: end - first - 1, startBlock, number });
  let at = DIRECTORY_HEADER_SIZE;
  for (let i = first; i < end; i++) {
    const { name, offset, type } = names[i];
    writeDirectoryEntry(view, at, {
      offset,
      numberDelta: names[i].number - number,
      type,
      nameSizeMinus1: name.length - 1,
    });
    writeByteString(bytes, at + DIRECTORY_ENTRY_SIZE, name);
    at += DIRECTORY_ENTRY_SIZE + name.length;
  }
  table.append(bytes);
  return size;
}
