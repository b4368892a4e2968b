/**
 * The tables behind the directories: fragments, exports, ids. Each is a list of positions of
 * metadata blocks, in which the entries stand one behind the other.
 *
 * @module
 */
import { getU64 } from "../../bytes/u64.ts";
import { FRAGMENT_ENTRY_SIZE, type FragmentEntry, readFragmentEntry } from "./fragment.ts";
import { ID_SIZE } from "./id_table.ts";
import type { TableBounds } from "./metadata_cursor.ts";
import type { SquashfsVolume } from "./reader_volume.ts";
import { METADATA_SIZE, NO_TABLE } from "./superblock.ts";

/** A table of entries of one size that divides a metadata block. */
export class EntryTable {
  /** How many entries. */
  readonly count: number;
  /** Where its first metadata block starts, or its list where it has none. */
  readonly start: number;
  readonly #volume: SquashfsVolume;
  readonly #name: string;
  readonly #entrySize: number;
  readonly #positions: Float64Array;

  /** The table whose list of positions starts at `listStart`. Throws where it cannot be whole. */
  constructor(
    volume: SquashfsVolume,
    name: string,
    listStart: number,
    count: number,
    entrySize: number,
  ) {
    this.#volume = volume;
    this.#name = name;
    this.#entrySize = entrySize;
    this.count = count;
    const blockCount = Math.ceil(count * entrySize / METADATA_SIZE);
    const bytes = volume.bytesAt(name, listStart, 8 * blockCount);
    const view = new DataView(bytes.buffer);
    this.#positions = new Float64Array(blockCount);
    for (let i = 0; i < blockCount; i++) {
      const position = getU64(view, 8 * i);
      // In ascending order they cannot be the same block again and again.
      const least = i === 0 ? volume.superblock.directoryTableStart : this.#positions[i - 1] + 3;
      if (position < least || position >= listStart) {
        const range = `${least} to ${listStart}`;
        throw volume.corrupt(name, `block ${i} is at ${position}`, range, listStart + 8 * i);
      }
      this.#positions[i] = position;
    }
    this.start = blockCount === 0 ? listStart : this.#positions[0];
  }

  /** The entry of that number: a view and where in it. Throws where there is none. */
  entry(number: number): { view: DataView; at: number } {
    const corrupt = (observed: string, expected: string, offset?: number) =>
      this.#volume.corrupt(this.#name, observed, expected, offset);
    if (number >= this.count) {
      throw corrupt(`entry ${number} is asked for`, `below ${this.count}`);
    }
    const byte = number * this.#entrySize;
    const position = this.#positions[Math.floor(byte / METADATA_SIZE)];
    const { view } = this.#volume.metadataBlock(position);
    const at = byte % METADATA_SIZE;
    if (at + this.#entrySize > view.byteLength) {
      throw corrupt(`a block has ${view.byteLength} bytes`, `${at + this.#entrySize}`, position);
    }
    return { view, at };
  }
}

/** The tables of an image. */
export class SquashfsTables {
  /** Where inodes stand. */
  readonly inodes: TableBounds;
  /** Where lists of directories stand. */
  readonly directories: TableBounds;
  readonly #fragments: EntryTable;
  readonly #exports: EntryTable | null;
  readonly #ids: EntryTable;

  /** Finds the tables of a volume. */
  constructor(volume: SquashfsVolume) {
    const sb = volume.superblock;
    const { fragmentCount, fragmentTableStart, inodeCount, exportTableStart, idCount } = sb;
    const fragmentList = fragmentCount === 0 ? sb.bytesUsed : fragmentTableStart;
    this.#fragments = new EntryTable(
      volume,
      "fragment table",
      fragmentList,
      fragmentCount,
      FRAGMENT_ENTRY_SIZE,
    );
    this.#exports = exportTableStart === NO_TABLE
      ? null
      : new EntryTable(volume, "export table", exportTableStart, inodeCount, 8);
    this.#ids = new EntryTable(volume, "id table", sb.idTableStart, idCount, ID_SIZE);
    const ends = [this.#ids.start, this.#exports?.start ?? Infinity];
    if (fragmentCount > 0) ends.push(this.#fragments.start);
    this.inodes = { name: "inode table", start: sb.inodeTableStart, end: sb.directoryTableStart };
    this.directories = {
      name: "directory table",
      start: sb.directoryTableStart,
      end: Math.min(...ends),
    };
  }

  /** How many fragment blocks. */
  get fragmentCount(): number {
    return this.#fragments.count;
  }

  /** Where a fragment block is. */
  fragment(number: number): FragmentEntry {
    const { view, at } = this.#fragments.entry(number);
    return readFragmentEntry(view, at);
  }

  /** The id at a place of the table. */
  id(index: number): number {
    const { view, at } = this.#ids.entry(index);
    return view.getUint32(at, true);
  }

  /** The reference that the export table has for an inode, `null` where there is no such table. */
  exported(number: number): number | null {
    if (this.#exports === null) return null;
    const { view, at } = this.#exports.entry(number - 1);
    return getU64(view, at);
  }
}
