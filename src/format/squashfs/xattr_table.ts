/**
 * The attributes of all files: equal sets of them are stored once.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { type ByteString, displayByteString, writeByteString } from "../../bytes/byte_string.ts";
import type { CompressBlock } from "../../compress/block_codec.ts";
import type { Xattr } from "../../tree/inode.ts";
import type { LossLog } from "../loss.ts";
import { NONE } from "./inode.ts";
import { MetadataTable } from "./metadata_table.ts";
import type { SequentialOutput } from "./sequential_output.ts";
import { NO_TABLE } from "./superblock.ts";
import {
  writeXattrSet,
  writeXattrTableHead,
  XATTR_ENTRY_SIZE,
  XATTR_PREFIXES,
  XATTR_SET_SIZE,
  XATTR_TABLE_HEAD_SIZE,
  XATTR_VALUE_MAX,
} from "./xattr.ts";

/** Sets of attributes under construction. */
export class XattrTable {
  readonly #losses: LossLog;
  readonly #entries: MetadataTable;
  readonly #sets: MetadataTable;
  readonly #numbers = new Map<string, number>();

  /** Compresses by `compress`; what cannot be held goes to `losses`. */
  constructor(compress: CompressBlock | null, losses: LossLog) {
    this.#losses = losses;
    this.#entries = new MetadataTable(compress);
    this.#sets = new MetadataTable(compress);
  }

  /** How many sets. */
  get count(): number {
    return this.#numbers.size;
  }

  /** Number of the set of a file's attributes, `0xffffffff` for none. */
  numberOf(xattrs: readonly Xattr[], path: ByteString): number {
    if (xattrs.length === 0) return NONE;
    const kept = xattrs.filter((xattr) => this.#canHold(xattr, path));
    if (kept.length === 0) return NONE;
    const bytes = encode(kept);
    const key = createHash("sha256").update(bytes).digest("base64");
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#numbers.size;
    this.#numbers.set(key, number);
    const { reference } = this.#entries;
    this.#entries.append(bytes);
    const set = { reference, count: kept.length, size: bytes.length };
    this.#sets.appendStruct(XATTR_SET_SIZE, writeXattrSet, set);
    return number;
  }

  /** Writes the tables; answers where the last begins, `NO_TABLE` where there are no attributes. */
  writeTo(output: SequentialOutput): number {
    if (this.count === 0) return NO_TABLE;
    const entriesStart = this.#entries.writeTo(output);
    const head = new Uint8Array(XATTR_TABLE_HEAD_SIZE);
    writeXattrTableHead(new DataView(head.buffer), 0, { entriesStart, count: this.count });
    return this.#sets.writeWithPositions(output, head);
  }

  #canHold({ name, value }: Xattr, path: ByteString): boolean {
    const what = `extended attribute ${displayByteString(name)}`;
    // The kernel lists a name that is a prefix alone, and then knows no such attribute.
    if (!XATTR_PREFIXES.some((it) => name.startsWith(it) && name.length > it.length)) {
      this.#losses.add(path, what, "it holds those of user, trusted and security alone");
      return false;
    }
    if (value.length > XATTR_VALUE_MAX) {
      this.#losses.add(path, what, `values have at most ${XATTR_VALUE_MAX} bytes`);
      return false;
    }
    return true;
  }
}

/** The entries of a set, one behind the other. */
function encode(xattrs: readonly Xattr[]): Uint8Array {
  const parts = xattrs.map(({ name, value }) => {
    const type = XATTR_PREFIXES.findIndex((prefix) => name.startsWith(prefix));
    return { type, suffix: name.slice(XATTR_PREFIXES[type].length), value };
  });
  const size = parts.reduce(
    (sum, { suffix, value }) => sum + XATTR_ENTRY_SIZE + suffix.length + 4 + value.length,
    0,
  );
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { type, suffix, value } of parts) {
    view.setUint16(at, type, true); // type
    view.setUint16(at + 2, suffix.length, true); // size
    writeByteString(bytes, at + XATTR_ENTRY_SIZE, suffix); // name
    at += XATTR_ENTRY_SIZE + suffix.length;
    view.setUint32(at, value.length, true); // vsize
    bytes.set(value, at + 4); // value
    at += 4 + value.length;
  }
  return bytes;
}
