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
import { getU64 } from "../../bytes/u64.ts";

const SMALLEST_PAGE = 1024;
const LARGEST_PAGE = 65_536;
/** Bytes of one page with its overflow: larger values are nothing that is read here. */
const LARGEST_NODE = 16 * 1024 * 1024;
/** Deepest tree of pages; each level multiplies the keys. */
const DEEPEST_TREE = 32;

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
    this.root = new BoltBucket(source, meta.pageSize, meta.rootPage, null);
  }

  /** Whether the database is still in the state that was read. */
  isCurrent(): boolean {
    return newestMeta(this.#source)?.transaction === this.#transaction;
  }
}

/** A bucket: keys in the order of their bytes. */
export class BoltBucket {
  readonly #source: ByteSource;
  readonly #pageSize: number;
  readonly #rootPage: number;
  readonly #inline: Uint8Array | null;

  /** The bucket whose tree starts at `rootPage`, or whose only page is `inline`. */
  constructor(
    source: ByteSource,
    pageSize: number,
    rootPage: number,
    inline: Uint8Array | null,
  ) {
    this.#source = source;
    this.#pageSize = pageSize;
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
    if (this.#inline !== null) {
      const node = new BoltNode(this.#source, this.#inline);
      yield* this.#leafEntries(node);
    } else {
      yield* this.#treeEntries(this.#rootPage, 0, new Set());
    }
  }

  #find(key: ByteString): BoltEntry["value"] | null {
    for (const entry of this.entries()) if (entry.key === key) return entry.value;
    return null;
  }

  /** `seen` are the pages so far: in a tree none comes twice. */
  *#treeEntries(page: number, depth: number, seen: Set<number>): Generator<BoltEntry, void> {
    if (seen.has(page) || depth > DEEPEST_TREE) {
      throw failure("CORRUPT", this.#source, `page ${page} is below itself`, "a tree of pages");
    }
    seen.add(page);
    const node = readNode(this.#source, this.#pageSize, page);
    if (node.header.flags !== PAGE_BRANCH) return yield* this.#leafEntries(node);
    for (const child of node.children()) yield* this.#treeEntries(child, depth + 1, seen);
  }

  *#leafEntries(node: BoltNode): Generator<BoltEntry, void> {
    for (const { key, value, isBucket } of node.values()) {
      yield { key, value: isBucket ? this.#openBucket(value, key) : value };
    }
  }

  #openBucket(value: Uint8Array, key: ByteString): BoltBucket {
    if (value.length < BUCKET_HEADER_SIZE) {
      throw failure(
        "CORRUPT",
        this.#source,
        `bucket "${displayByteString(key.slice(0, 120))}" has ${value.length} bytes`,
        `at least ${BUCKET_HEADER_SIZE}`,
      );
    }
    const rootPage = getU64(new DataView(value.buffer, value.byteOffset), 0); // root
    const inline = rootPage === 0 ? value.subarray(BUCKET_HEADER_SIZE) : null;
    return new BoltBucket(this.#source, this.#pageSize, rootPage, inline);
  }
}

/** One page with its overflow. */
class BoltNode {
  readonly header: PageHeader;
  readonly #source: ByteSource;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(source: ByteSource, bytes: Uint8Array) {
    if (bytes.length < PAGE_HEADER_SIZE) {
      throw failure("CORRUPT", source, `a page has ${bytes.length} bytes`, "a header at least");
    }
    this.#source = source;
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
      throw failure("CORRUPT", this.#source, observed, "a branch or leaf page");
    }
    for (const at of this.#elements()) {
      const { flags, keyOffset, keySize, valueSize } = readLeafElement(this.#view, at);
      const keyAt = at + keyOffset;
      const valueAt = keyAt + keySize;
      if (valueAt + valueSize > this.#bytes.length) throw this.#tooShort();
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
    for (let at = PAGE_HEADER_SIZE; at < end; at += ELEMENT_SIZE) yield at;
  }

  #tooShort(): ImageError {
    const observed = `page ${this.header.id} ends after ${this.#bytes.length} bytes`;
    return failure("CORRUPT", this.#source, observed, "all its keys and values");
  }
}

function readNode(source: ByteSource, pageSize: number, page: number): BoltNode {
  const offset = page * pageSize;
  const header = new Uint8Array(PAGE_HEADER_SIZE);
  if (!(offset <= source.size) || source.read(header, offset) < header.length) {
    throw failure("CORRUPT", source, `page ${page} is behind its end`, "all pages");
  }
  const { id, overflow } = readPageHeader(new DataView(header.buffer), 0);
  if (id !== page) {
    throw failure("CORRUPT", source, `page ${page} says that it is page ${id}`, "its own number");
  }
  const size = (overflow + 1) * pageSize;
  if (size > LARGEST_NODE) {
    const observed = `page ${page} has ${size} bytes`;
    throw failure("LIMIT_EXCEEDED", source, observed, `at most ${LARGEST_NODE}`);
  }
  const bytes = new Uint8Array(size);
  return new BoltNode(source, bytes.subarray(0, source.read(bytes, offset)));
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
