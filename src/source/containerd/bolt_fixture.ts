/**
 * Bolt databases made by hand, for tests.
 *
 * @module
 */
import { setU64 } from "../../bytes/u64.ts";
import {
  BUCKET_HEADER_SIZE,
  ELEMENT_BUCKET,
  ELEMENT_SIZE,
  META_SIZE,
  metaChecksum,
  PAGE_BRANCH,
  PAGE_HEADER_SIZE,
  PAGE_LEAF,
} from "./bolt_page.ts";

/** A bucket: text, bytes, or further buckets by their keys. */
export interface BoltTree {
  readonly [key: string]: string | Uint8Array | BoltTree;
}

/** How a database is written. */
export interface BoltLayout {
  /** Bytes of a page. */
  readonly pageSize?: number;
  /** Most keys of a leaf page. */
  readonly leafKeys?: number;
  /** Whether small buckets stand in the value of their key. */
  readonly hasInlineBuckets?: boolean;
  /** Number of the transaction. */
  readonly transaction?: number;
}

/** The bytes of a database with `tree` in its newer state. */
export function boltDatabase(tree: BoltTree, layout: BoltLayout = {}): Uint8Array<ArrayBuffer> {
  return new BoltWriter(layout).write(tree);
}

/** A number as `encoding/binary` writes a signed one. */
export function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value * 2;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push(rest % 128 + 128);
  return new Uint8Array([...bytes, rest]);
}

interface Element {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly isBucket: boolean;
}

class BoltWriter {
  readonly #pageSize: number;
  readonly #leafKeys: number;
  readonly #hasInlineBuckets: boolean;
  readonly #transaction: number;
  /** Pages behind the two states and the list of free ones; some are the overflow of others. */
  readonly #pages: Uint8Array[] = [];

  constructor(layout: BoltLayout) {
    this.#pageSize = layout.pageSize ?? 4096;
    this.#leafKeys = layout.leafKeys ?? 100;
    this.#hasInlineBuckets = layout.hasInlineBuckets ?? true;
    this.#transaction = layout.transaction ?? 7;
  }

  write(tree: BoltTree): Uint8Array<ArrayBuffer> {
    const root = this.#writeTree(this.#elements(tree));
    const file = new Uint8Array((3 + this.#pages.length) * this.#pageSize);
    this.#pages.forEach((page, i) => file.set(page, (3 + i) * this.#pageSize));
    // The older state names a page that is none.
    this.#writeMeta(file, 0, this.#transaction - 1, 1_000_000);
    this.#writeMeta(file, 1, this.#transaction, root);
    return file;
  }

  #writeMeta(file: Uint8Array, page: number, transaction: number, root: number): void {
    const view = new DataView(file.buffer, page * this.#pageSize, PAGE_HEADER_SIZE + META_SIZE);
    setU64(view, 0, page);
    view.setUint16(8, 0x04, true);
    const at = PAGE_HEADER_SIZE;
    view.setUint32(at, 0xed0cdaed, true);
    view.setUint32(at + 4, 2, true);
    view.setUint32(at + 8, this.#pageSize, true);
    setU64(view, at + 16, root);
    setU64(view, at + 48, transaction);
    view.setBigUint64(at + 56, metaChecksum(view, at), true);
  }

  #elements(tree: BoltTree): Element[] {
    return Object.keys(tree).sort().map((name) => {
      const key = new TextEncoder().encode(name);
      const value = tree[name];
      if (typeof value === "string") {
        return { key, value: new TextEncoder().encode(value), isBucket: false };
      }
      if (value instanceof Uint8Array) return { key, value, isBucket: false };
      return { key, value: this.#bucket(this.#elements(value)), isBucket: true };
    });
  }

  #bucket(elements: readonly Element[]): Uint8Array {
    const page = pageOf(0, PAGE_LEAF, elements);
    const isInline = this.#hasInlineBuckets && page.length < this.#pageSize / 4 &&
      !elements.some(({ isBucket }) => isBucket);
    const value = new Uint8Array(BUCKET_HEADER_SIZE + (isInline ? page.length : 0));
    if (isInline) value.set(page, BUCKET_HEADER_SIZE);
    else setU64(new DataView(value.buffer), 0, this.#writeTree(elements));
    return value;
  }

  /** Writes leaf pages, and above several of them a branch page; answers the topmost. */
  #writeTree(elements: readonly Element[]): number {
    const leaves: Element[] = [];
    let last = 0;
    for (let i = 0; i < Math.max(1, elements.length); i += this.#leafKeys) {
      const part = elements.slice(i, i + this.#leafKeys);
      last = this.#writePage((id) => pageOf(id, PAGE_LEAF, part));
      const number = new Uint8Array(8);
      setU64(new DataView(number.buffer), 0, last);
      leaves.push({ key: part[0]?.key ?? new Uint8Array(), value: number, isBucket: false });
    }
    return leaves.length === 1 ? last : this.#writePage((id) => pageOf(id, PAGE_BRANCH, leaves));
  }

  #writePage(create: (id: number) => Uint8Array): number {
    const id = 3 + this.#pages.length;
    const bytes = create(id);
    const count = Math.ceil(bytes.length / this.#pageSize);
    new DataView(bytes.buffer).setUint32(12, count - 1, true);
    for (let i = 0; i < count; i++) {
      this.#pages.push(bytes.subarray(i * this.#pageSize, (i + 1) * this.#pageSize));
    }
    return id;
  }
}

function pageOf(id: number, flags: number, elements: readonly Element[]): Uint8Array {
  const isBranch = flags === PAGE_BRANCH;
  const bodySize = elements.reduce(
    (sum, { key, value }) => sum + key.length + (isBranch ? 0 : value.length),
    0,
  );
  const head = PAGE_HEADER_SIZE + elements.length * ELEMENT_SIZE;
  const bytes = new Uint8Array(head + bodySize);
  const view = new DataView(bytes.buffer);
  setU64(view, 0, id);
  view.setUint16(8, flags, true);
  view.setUint16(10, elements.length, true);
  let bodyAt = head;
  elements.forEach(({ key, value, isBucket }, i) => {
    const at = PAGE_HEADER_SIZE + i * ELEMENT_SIZE;
    bytes.set(key, bodyAt);
    if (isBranch) {
      view.setUint32(at, bodyAt - at, true);
      view.setUint32(at + 4, key.length, true);
      bytes.set(value, at + 8);
      bodyAt += key.length;
    } else {
      view.setUint32(at, isBucket ? ELEMENT_BUCKET : 0, true);
      view.setUint32(at + 4, bodyAt - at, true);
      view.setUint32(at + 8, key.length, true);
      view.setUint32(at + 12, value.length, true);
      bytes.set(value, bodyAt + key.length);
      bodyAt += key.length + value.length;
    }
  });
  return bytes;
}
