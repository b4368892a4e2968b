/**
 * Reads the attributes of files.
 *
 * @module
 */
import { byteStringFrom } from "../../bytes/byte_string.ts";
import { getU64 } from "../../bytes/u64.ts";
import { canonicalXattrs, NO_XATTRS, type Xattr } from "../../tree/inode.ts";
import { NONE } from "./inode.ts";
import { metadataCapacity, MetadataCursor, type TableBounds } from "./metadata_cursor.ts";
import { EntryTable } from "./reader_tables.ts";
import type { SquashfsVolume } from "./reader_volume.ts";
import { NO_TABLE } from "./superblock.ts";
import {
  readXattrSet,
  readXattrTableHead,
  XATTR_ENTRY_SIZE,
  XATTR_PREFIXES,
  XATTR_SET_SIZE,
  XATTR_TABLE_HEAD_SIZE,
  XATTR_VALUE_ELSEWHERE,
  XATTR_VALUE_MAX,
} from "./xattr.ts";

/** The sets of attributes of an image. */
export class SquashfsXattrs {
  readonly #volume: SquashfsVolume;
  readonly #sets: EntryTable | null;
  readonly #bounds: TableBounds;
  /** Bytes of entries that can still be read: sets do not overlap. */
  #rest: number;
  readonly #known = new Map<number, readonly Xattr[]>();
  readonly #values = new Map<number, Uint8Array>();

  /** Finds the tables. */
  constructor(volume: SquashfsVolume) {
    this.#volume = volume;
    const { xattrTableStart } = volume.superblock;
    const name = "xattr table";
    if (xattrTableStart === NO_TABLE) {
      this.#sets = null;
      this.#bounds = { name, start: 0, end: 0 };
      this.#rest = 0;
      return;
    }
    const head = volume.bytesAt(name, xattrTableStart, XATTR_TABLE_HEAD_SIZE);
    const { entriesStart, count } = readXattrTableHead(new DataView(head.buffer), 0);
    const listStart = xattrTableStart + XATTR_TABLE_HEAD_SIZE;
    this.#sets = new EntryTable(volume, name, listStart, count, XATTR_SET_SIZE);
    this.#bounds = { name, start: entriesStart, end: this.#sets.start };
    // A shared value is read where it stands, and once more for those who refer to it.
    this.#rest = 2 * metadataCapacity(volume, this.#bounds);
  }

  /** The set of that number; none for `0xffffffff`. */
  read(number: number): readonly Xattr[] {
    if (number === NONE) return NO_XATTRS;
    let xattrs = this.#known.get(number);
    if (xattrs === undefined) {
      xattrs = this.#readSet(number);
      this.#known.set(number, xattrs);
    }
    return xattrs;
  }

  #readSet(number: number): readonly Xattr[] {
    if (this.#sets === null) throw this.#corrupt(`set ${number} is asked for`, "no sets");
    const { view, at } = this.#sets.entry(number);
    const { reference, count } = readXattrSet(view, at);
    const cursor = this.#cursorAt(reference);
    const xattrs: Xattr[] = [];
    for (let i = 0; i < count; i++) xattrs.push(this.#readEntry(cursor));
    const canonical = canonicalXattrs(xattrs);
    if (canonical.length !== count) throw this.#corrupt("a name stands twice in a set", "once");
    return canonical;
  }

  #readEntry(cursor: MetadataCursor): Xattr {
    const head = cursor.take(XATTR_ENTRY_SIZE);
    const type = head.getUint16(0, true);
    const prefix = XATTR_PREFIXES[type % XATTR_VALUE_ELSEWHERE];
    if (prefix === undefined || type >= 2 * XATTR_VALUE_ELSEWHERE) {
      throw this.#corrupt(`type is ${type}`, "user, trusted or security", cursor.position);
    }
    const nameSize = head.getUint16(2, true);
    this.#spend(XATTR_ENTRY_SIZE + nameSize + 4, cursor);
    const name = prefix + byteStringFrom(cursor.bytes(nameSize));
    if (name.includes("\0")) throw this.#corrupt("a name has a NUL", "none", cursor.position);
    const value = this.#readValue(cursor);
    if (type < XATTR_VALUE_ELSEWHERE) return { name, value };
    if (value.length !== 8) {
      throw this.#corrupt(`a reference has ${value.length} bytes`, "8", cursor.position);
    }
    return { name, value: this.#valueElsewhere(getU64(new DataView(value.buffer), 0)) };
  }

  #readValue(cursor: MetadataCursor): Uint8Array<ArrayBuffer> {
    const size = cursor.take(4).getUint32(0, true);
    if (size > XATTR_VALUE_MAX) {
      throw this.#corrupt(`a value has ${size} bytes`, `${XATTR_VALUE_MAX}`, cursor.position);
    }
    this.#spend(size, cursor);
    return cursor.bytes(size);
  }

  /** A value that several entries share. */
  #valueElsewhere(reference: number): Uint8Array {
    let value = this.#values.get(reference);
    if (value === undefined) {
      value = this.#readValue(this.#cursorAt(reference));
      this.#values.set(reference, value);
    }
    return value;
  }

  #cursorAt(reference: number): MetadataCursor {
    const startBlock = Math.floor(reference / 65536);
    return new MetadataCursor(this.#volume, this.#bounds, startBlock, reference % 65536);
  }

  /** A small image cannot have many attributes: nothing is read twice. */
  #spend(byteCount: number, cursor: MetadataCursor): void {
    this.#rest -= byteCount;
    if (this.#rest < 0) throw this.#corrupt("sets overlap", "room of their own", cursor.position);
  }

  #corrupt(observed: string, expected: string, offset?: number) {
    return this.#volume.corrupt("xattr table", observed, expected, offset);
  }
}
