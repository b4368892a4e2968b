/**
 * Pages of a bolt database: the structs of bbolt's `page.go`, `meta.go` and `bucket.go`, as a
 * little-endian machine writes them.
 *
 * @module
 */
import { getU64 } from "../../bytes/u64.ts";

/** `page.flags`: keys that lead to other pages. */
export const PAGE_BRANCH = 0x01;
/** `page.flags`: keys with their values. */
export const PAGE_LEAF = 0x02;
/** `leafPageElement.flags`: the value is a bucket. */
export const ELEMENT_BUCKET = 0x01;

/** Bytes of `page` without what follows it. */
export const PAGE_HEADER_SIZE = 16;
/** Bytes of `branchPageElement` and of `leafPageElement`. */
export const ELEMENT_SIZE = 16;
/** Bytes of `bucket`, what the value of a bucket starts with. */
export const BUCKET_HEADER_SIZE = 16;
/** Bytes of `meta` with its checksum. */
export const META_SIZE = 64;

const META_MAGIC = 0xed0cdaed;
const META_VERSION = 2;
const META_CHECKSUM_OFFSET = 56;

/** What a page starts with. */
export interface PageHeader {
  /** Its number. */
  readonly id: number;
  /** Its kind. */
  readonly flags: number;
  /** Elements in it. */
  readonly count: number;
  /** Pages that it takes beyond the first. */
  readonly overflow: number;
}

/** Reads the header of the page at `at`. */
export function readPageHeader(view: DataView, at: number): PageHeader {
  return {
    id: getU64(view, at + 0x00), // id
    flags: view.getUint16(at + 0x08, true), // flags
    count: view.getUint16(at + 0x0a, true), // count
    overflow: view.getUint32(at + 0x0c, true), // overflow
  };
}

/** A key of a branch page. */
export interface BranchElement {
  /** Bytes from this element to its key. */
  readonly keyOffset: number;
  /** Bytes of the key. */
  readonly keySize: number;
  /** The page with this key and those up to the next. */
  readonly page: number;
}

/** Reads the element of a branch page at `at`. */
export function readBranchElement(view: DataView, at: number): BranchElement {
  return {
    keyOffset: view.getUint32(at + 0x00, true), // pos
    keySize: view.getUint32(at + 0x04, true), // ksize
    page: getU64(view, at + 0x08), // pgid
  };
}

/** A key of a leaf page with its value. */
export interface LeafElement {
  /** Whether the value is a bucket. */
  readonly flags: number;
  /** Bytes from this element to its key; the value follows. */
  readonly keyOffset: number;
  /** Bytes of the key. */
  readonly keySize: number;
  /** Bytes of the value. */
  readonly valueSize: number;
}

/** Reads the element of a leaf page at `at`. */
export function readLeafElement(view: DataView, at: number): LeafElement {
  return {
    flags: view.getUint32(at + 0x00, true), // flags
    keyOffset: view.getUint32(at + 0x04, true), // pos
    keySize: view.getUint32(at + 0x08, true), // ksize
    valueSize: view.getUint32(at + 0x0c, true), // vsize
  };
}

/** One of the two states that a database keeps. */
export interface BoltMeta {
  /** Bytes of a page. */
  readonly pageSize: number;
  /** Page of the outermost bucket. */
  readonly rootPage: number;
  /** Number of the transaction that wrote it. */
  readonly transaction: number;
}

/** Reads the state at `at`; `null` where there is none, or one that was not written to its end. */
export function readBoltMeta(view: DataView, at: number): BoltMeta | null {
  if (view.getUint32(at + 0x00, true) !== META_MAGIC) return null; // magic
  if (view.getUint32(at + 0x04, true) !== META_VERSION) return null; // version
  if (view.getBigUint64(at + META_CHECKSUM_OFFSET, true) !== metaChecksum(view, at)) return null;
  return {
    pageSize: view.getUint32(at + 0x08, true), // pageSize
    rootPage: getU64(view, at + 0x10), // root.root
    transaction: getU64(view, at + 0x30), // txid
  };
}

/** FNV-1a of 64 bits over all that stands before the checksum. */
export function metaChecksum(view: DataView, at: number): bigint {
  let hash = 0xcbf29ce484222325n;
  for (let i = 0; i < META_CHECKSUM_OFFSET; i++) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(view.getUint8(at + i))) * 0x100000001b3n);
  }
  return hash;
}
