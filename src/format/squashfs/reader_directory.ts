/**
 * Reads the lists of directories.
 *
 * @module
 */
import { type ByteString, byteStringFrom, displayByteString } from "../../bytes/byte_string.ts";
import {
  DIRECTORY_ENTRY_SIZE,
  DIRECTORY_HEADER_SIZE,
  EMPTY_DIRECTORY_SIZE,
  ENTRIES_MAX,
  readDirectoryEntry,
  readDirectoryHeader,
} from "./directory_entry.ts";
import type { DirectoryInode } from "./inode.ts";
import { metadataCapacity, MetadataCursor } from "./metadata_cursor.ts";
import type { SquashfsTables } from "./reader_tables.ts";
import type { SquashfsVolume } from "./reader_volume.ts";

/** Longest name, as the kernel has it. */
const NAME_MAX = 256;

/** A name in a list. */
export interface FoundName {
  /** The name. */
  readonly name: ByteString;
  /** Reference of its inode. */
  readonly reference: number;
  /** Number of its inode. */
  readonly number: number;
  /** Type of the inode, of the short form. */
  readonly type: number;
}

/** Reads lists; no two of them stand in the same place. */
export class SquashfsDirectories {
  readonly #volume: SquashfsVolume;
  readonly #tables: SquashfsTables;
  #rest: number;

  /** Reads from these tables. */
  constructor(volume: SquashfsVolume, tables: SquashfsTables) {
    this.#volume = volume;
    this.#tables = tables;
    this.#rest = metadataCapacity(volume, tables.directories);
  }

  /** The names of a directory, which are in strictly ascending order. */
  read({ startBlock, offset, size }: DirectoryInode): FoundName[] {
    let rest = size - EMPTY_DIRECTORY_SIZE;
    if (rest < 0) {
      throw this.#corrupt(`a list has ${size} bytes`, `${EMPTY_DIRECTORY_SIZE} or more`);
    }
    this.#rest -= rest;
    if (this.#rest < 0) throw this.#corrupt("lists need more room than it has", "room for all");
    const names: FoundName[] = [];
    // The list of an empty directory is nowhere.
    if (rest === 0) return names;
    const cursor = new MetadataCursor(this.#volume, this.#tables.directories, startBlock, offset);
    let last = "";
    while (rest > 0) {
      rest -= DIRECTORY_HEADER_SIZE;
      const header = readDirectoryHeader(cursor.take(DIRECTORY_HEADER_SIZE), 0);
      const count = header.countMinus1 + 1;
      if (count > ENTRIES_MAX) {
        throw this.#corrupt(`a header has ${count} entries`, `at most ${ENTRIES_MAX}`, cursor);
      }
      for (let i = 0; i < count; i++) {
        const entry = readDirectoryEntry(cursor.take(DIRECTORY_ENTRY_SIZE), 0);
        const nameSize = entry.nameSizeMinus1 + 1;
        rest -= DIRECTORY_ENTRY_SIZE + nameSize;
        if (nameSize > NAME_MAX || rest < 0) {
          throw this.#corrupt(`a name has ${nameSize} bytes`, `at most ${NAME_MAX}`, cursor);
        }
        const name = byteStringFrom(cursor.bytes(nameSize));
        if (/[\0/]/.test(name) || name === "." || name === ".." || name <= last) {
          const observed = `name "${displayByteString(name)}" follows "${displayByteString(last)}"`;
          throw this.#corrupt(observed, "names in ascending order", cursor);
        }
        last = name;
        names.push({
          name,
          reference: header.startBlock * 65536 + entry.offset,
          number: header.number + entry.numberDelta,
          type: entry.type,
        });
      }
    }
    return names;
  }

  #corrupt(observed: string, expected: string, cursor?: MetadataCursor) {
    return this.#volume.corrupt("directory table", observed, expected, cursor?.position);
  }
}
