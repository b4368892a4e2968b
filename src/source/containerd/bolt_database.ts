/**
 * A bolt database (bbolt), read-only: buckets of keys with values or further buckets, each a tree of
 * pages.
 *
 * Whoever writes it never changes a page in use: a transaction puts its pages elsewhere, and then
 * writes one of two states in turn. What was read from the newer state is right as long as no two
 * further transactions have come.
 *
 * @module
 */
import { type ByteString, byteStringFrom, displayByteString } from "../../bytes/byte_string.ts";
import { getU64 } from "../../bytes/u64.ts";
import { ImageError, type ImageErrorCode } from "../../image_error.ts";
import type { ByteSource } from "../../io/byte_source.ts";
import { quote } from "../../oci/quote.ts";
import {
  type BoltMeta,
  BUCKET_HEADER_SIZE,
  ELEMENT_BUCKET,
  ELEMENT_SIZE,
  META_SIZE,
  PAGE_BRANCH,
  PAGE_HEADER_SIZE,
  PAGE_LEAF,
  type PageHeader,
  readBoltMeta,
  readBranchElement,
  readLeafElement,
  readPageHeader,
} from "./bolt_page.ts";

const SMALLEST_PAGE = 1024;
const LARGEST_PAGE = 65_536;
/** Bytes of one page with its overflow: larger values are nothing that is read here. */
const LARGEST_NODE = 16 * 1024 * 1024;
/** Deepest tree of pages; each level multiplies the keys. */
const DEEPEST_TREE = 32;
/** How often all bytes may be looked at; what overlaps or leads round in circles goes beyond. */
const MOST_READINGS = 64;

/** What stands under a key. */
export interface BoltEntry {
  /** The key. */
  readonly key: ByteString;
  /** The value. */
  readonly value: Uint8Array | BoltBucket;
}

/** An open database; it does not own its source. */
export class BoltDatabase {
  /** The outermost bucket. */
  readonly root: BoltBucket;
  readonly #source: ByteSource;
  readonly #transaction: number;

  /** Throws `ImageError` `CORRUPT` where `source` is no database. */
  constructor(source: ByteSource) {
    const meta = newestMeta(source);
    if (meta === null) {
      throw failure("CORRUPT", source, "neither of its two states is complete", "a bolt database");
    }
    this.#source = source;
    this.#transaction = meta.transaction;
    this.root = new BoltBucket(new BoltPages(source, meta.pageSize), meta.rootPage, null);
  }

  /** Whether the database is still in the state that was read. */
  isCurrent(): boolean {
    return newestMeta(this.#source)?.transaction === this.#transaction;
  }
}

/** A bucket: keys in the order of their bytes. */
export class BoltBucket {
  readonly #pages: BoltPages;
  readonly #rootPage: number;
  readonly #inline: Uint8Array | null;

  /** The bucket whose tree starts at `rootPage`, or whose only page is `inline`. */
  constructor(pages: BoltPages, rootPage: number, inline: Uint8Array | null) {
    this.#pages = pages;
    this.#rootPage = rootPage;
    this.#inline = inline;
  }

  /** The value of `key`; `null` where there is none. */
  value(key: ByteString): Uint8Array | null {
    const found = this.#find(key);
    return found instanceof BoltBucket ? null : found;
  }

  /** The bucket `key`; `null` where there is none. */
  bucket(key: ByteString): BoltBucket | null {
    const found = this.#find(key);
    return found instanceof BoltBucket ? found : null;
  }

  /** All keys with their values. Throws `ImageError` `CORRUPT` or `LIMIT_EXCEEDED`. */
  *entries(): Generator<BoltEntry, void> {
    if (this.#inline !== null) yield* this.#leafEntries(new BoltNode(this.#pages, this.#inline));
    else yield* this.#treeEntries(this.#rootPage, 0);
  }

  #find(key: ByteString): BoltEntry["value"] | null {
    for (const entry of this.entries()) if (entry.key === key) return entry.value;
    return null;
  }

  *#treeEntries(page: number, depth: number): Generator<BoltEntry, void> {
    if (depth > DEEPEST_TREE) throw this.#pages.failure("CORRUPT", ...CIRCLE);
    const node = this.#pages.read(page);
    if (node.header.flags !== PAGE_BRANCH) return yield* this.#leafEntries(node);
    for (const child of node.children()) yield* this.#treeEntries(child, depth + 1);
  }

  *#leafEntries(node: BoltNode): Generator<BoltEntry, void> {
    for (const { key, value, isBucket } of node.values()) {
      yield { key, value: isBucket ? this.#openBucket(value, key) : value };
    }
  }

  #openBucket(value: Uint8Array, key: ByteString): BoltBucket {
    if (value.length < BUCKET_HEADER_SIZE) {
      const observed = `bucket "${displayByteString(key.slice(0, 120))}" has ${value.length} bytes`;
      throw this.#pages.failure("CORRUPT", observed, `at least ${BUCKET_HEADER_SIZE}`);
    }
    const rootPage = getU64(new DataView(value.buffer, value.byteOffset), 0); // root
    const inline = rootPage === 0 ? value.subarray(BUCKET_HEADER_SIZE) : null;
    return new BoltBucket(this.#pages, rootPage, inline);
  }
}

const CIRCLE = ["its pages lead to each other in circles", "a tree of pages"] as const;

/** The pages of a database, as far as its size lets them be read. */
class BoltPages {
  readonly #source: ByteSource;
  readonly #pageSize: number;
  #allowance: number;

  constructor(source: ByteSource, pageSize: number) {
    this.#source = source;
    this.#pageSize = pageSize;
    this.#allowance = MOST_READINGS * source.size;
  }

  read(page: number): BoltNode {
    const source = this.#source;
    const offset = page * this.#pageSize;
    const header = new Uint8Array(PAGE_HEADER_SIZE);
    if (!(offset <= source.size) || source.read(header, offset) < header.length) {
      throw this.failure("CORRUPT", `page ${page} is behind its end`, "all pages");
    }
    const { id, overflow } = readPageHeader(new DataView(header.buffer), 0);
    if (id !== page) {
      throw this.failure("CORRUPT", `page ${page} says that it is page ${id}`, "its own number");
    }
    const size = (overflow + 1) * this.#pageSize;
    if (size > LARGEST_NODE) {
      const observed = `page ${page} has ${size} bytes`;
      throw this.failure("LIMIT_EXCEEDED", observed, `at most ${LARGEST_NODE}`);
    }
    this.spend(size);
    const bytes = new Uint8Array(Math.min(size, source.size - offset));
    return new BoltNode(this, bytes.subarray(0, source.read(bytes, offset)));
  }

  /** Counts bytes that are looked at: of a tree not more than all, a few times. */
  spend(byteCount: number): void {
    this.#allowance -= byteCount;
    if (this.#allowance < 0) throw this.failure("CORRUPT", ...CIRCLE);
  }

  failure(code: ImageErrorCode, observed: string, expected: string): ImageError {
    return failure(code, this.#source, observed, expected);
  }
}

/** One page with its overflow. */
class BoltNode {
  readonly header: PageHeader;
  readonly #pages: BoltPages;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(pages: BoltPages, bytes: Uint8Array) {
    if (bytes.length < PAGE_HEADER_SIZE) {
      throw pages.failure("CORRUPT", `a page has ${bytes.length} bytes`, "a header at least");
    }
    this.#pages = pages;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.header = readPageHeader(this.#view, 0);
  }

  *children(): Generator<number, void> {
    for (const at of this.#elements()) yield readBranchElement(this.#view, at).page;
  }

  *values(): Generator<{ key: ByteString; value: Uint8Array; isBucket: boolean }, void> {
    if (this.header.flags !== PAGE_LEAF) {
      const observed = `page ${this.header.id} has the flags ${this.header.flags}`;
      throw this.#pages.failure("CORRUPT", observed, "a branch or leaf page");
    }
    for (const at of this.#elements()) {
      const { flags, keyOffset, keySize, valueSize } = readLeafElement(this.#view, at);
      const keyAt = at + keyOffset;
      const valueAt = keyAt + keySize;
      if (valueAt + valueSize > this.#bytes.length) throw this.#tooShort();
      this.#pages.spend(keySize);
      yield {
        key: byteStringFrom(this.#bytes, keyAt, valueAt),
        value: this.#bytes.subarray(valueAt, valueAt + valueSize),
        isBucket: flags === ELEMENT_BUCKET,
      };
    }
  }

  *#elements(): Generator<number, void> {
    const end = PAGE_HEADER_SIZE + this.header.count * ELEMENT_SIZE;
    if (end > this.#bytes.length) throw this.#tooShort();
    for (let at = PAGE_HEADER_SIZE; at < end; at += ELEMENT_SIZE) {
      this.#pages.spend(ELEMENT_SIZE);
      yield at;
    }
  }

  #tooShort(): ImageError {
    const observed = `page ${this.header.id} ends after ${this.#bytes.length} bytes`;
    return this.#pages.failure("CORRUPT", observed, "all its keys and values");
  }
}

/** The newer of the two states that are complete; `null` where none is. */
function newestMeta(source: ByteSource): BoltMeta | null {
  const first = metaAt(source, 0);
  let newest = first;
  // Without the first, the size of its page is not known: where the second is tells.
  for (let size = SMALLEST_PAGE; size <= LARGEST_PAGE; size *= 2) {
    if (first !== null && size !== first.pageSize) continue;
    const meta = metaAt(source, size);
    if (meta === null || meta.pageSize !== size) continue;
    if (newest === null || meta.transaction > newest.transaction) newest = meta;
  }
  return newest;
}

function metaAt(source: ByteSource, position: number): BoltMeta | null {
  const bytes = new Uint8Array(PAGE_HEADER_SIZE + META_SIZE);
  if (source.read(bytes, position) < bytes.length) return null;
  const meta = readBoltMeta(new DataView(bytes.buffer), PAGE_HEADER_SIZE);
  if (meta === null) return null;
  const { pageSize } = meta;
  const isPowerOfTwo = Number.isInteger(Math.log2(pageSize));
  return isPowerOfTwo && pageSize >= SMALLEST_PAGE && pageSize <= LARGEST_PAGE ? meta : null;
}

function failure(
  code: ImageErrorCode,
  source: ByteSource,
  observed: string,
  expected: string,
): ImageError {
  return new ImageError(
    code,
    `Cannot read database ${quote(source.name)}: ${observed}, expected ${expected}`,
    { where: { source: source.name } },
  );
}
