/**
 * PAX extended headers: records that replace or add to the fields of a tar header.
 *
 * A record is `LENGTH KEYWORD=VALUE\n`, its length counted in bytes with everything in it, so that
 * values may hold any byte. Spec: `pax(1)`, "pax Extended Header".
 *
 * @module
 */
import { type ByteString, byteStringFrom, displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { NO_XATTRS, type Xattr } from "../../tree/inode.ts";
import { aclAttribute, aclPermissions, parsePaxAcl } from "./pax_acl.ts";
import { parsePaxTime, type TarTime } from "./pax_time.ts";
import { checkXattrName, decodeLibarchiveName, decodeLibarchiveValue } from "./pax_xattr.ts";
import { parseSparseList, SparseMap } from "./sparse_map.ts";

const SCHILY_XATTR = "SCHILY.xattr.";
const LIBARCHIVE_XATTR = "LIBARCHIVE.xattr.";

/** What the records say; `null` where they say nothing. */
export class PaxRecords {
  /** Name of the entry. */
  path: ByteString | null = null;
  /** Target of a link. */
  linkPath: ByteString | null = null;
  /** Bytes of the body. */
  size: number | null = null;
  /** Owner. */
  uid: number | null = null;
  /** Group. */
  gid: number | null = null;
  /** Modification time. */
  mtime: TarTime | null = null;
  /** Access time. */
  atime: TarTime | null = null;
  /** Extended attributes in their order; a later one of the same name wins. */
  xattrs: Xattr[] | null = null;
  /** Name of a sparse file; the entry's own name is made up in sparse formats 0.1 and 1.0. */
  sparseName: ByteString | null = null;
  /** Bytes of a sparse file with its holes. */
  sparseRealSize: number | null = null;
  /** Pieces of a sparse file (formats 0.0 and 0.1). */
  sparseMap: SparseMap | null = null;
  /** Sparse format 1.0: the map stands in front of the data. */
  hasSparseMapInBody = false;
  /** Access control lists that came as text, by their keyword. */
  acls: Map<ByteString, Xattr> | null = null;
  /** Keywords of lists that cannot be told. */
  #unreadableAcls: ByteString[] | null = null;
  #sparseOffset = -1;

  /** A copy that can be changed; global records are the start of local ones. */
  clone(): PaxRecords {
    const copy = new PaxRecords();
    copy.path = this.path;
    copy.linkPath = this.linkPath;
    copy.size = this.size;
    copy.uid = this.uid;
    copy.gid = this.gid;
    copy.mtime = this.mtime;
    copy.atime = this.atime;
    return copy;
  }

  /** All attributes; one that is there as it is wins over the same as a list in text form. */
  allXattrs(): readonly Xattr[] {
    if (this.acls === null) return this.xattrs ?? NO_XATTRS;
    return [...this.acls.values(), ...this.xattrs ?? NO_XATTRS];
  }

  /**
   * The permission bits that a list in text form gives its file, `null` without one: libarchive puts
   * those of the owning group into the header, where Linux shows the mask.
   */
  get aclPermissions(): number | null {
    const acl = this.acls?.get("SCHILY.acl.access");
    if (acl === undefined || this.xattrs?.some(({ name }) => name === acl.name)) return null;
    return aclPermissions(acl);
  }

  /** `true` where there is a list that cannot be told, and no attribute that says the same. */
  get hasUnreadableAcl(): boolean {
    return this.#unreadableAcls?.some((keyword) => {
      const attribute = aclAttribute(keyword);
      return !this.xattrs?.some(({ name }) => name === attribute);
    }) ?? false;
  }

  /** `true` where it makes its entry a sparse file. */
  get isSparse(): boolean {
    return this.hasSparseMapInBody || this.sparseMap !== null;
  }

  /**
   * Adds the records of one header body, `[0, size)` of `bytes`; an empty value deletes what an
   * earlier record said. Nothing keeps a reference to `bytes`.
   *
   * Throws `ImageError` `CORRUPT` where it is malformed, `LIMIT_EXCEEDED` for numbers above 2^53.
   */
  parse(bytes: Uint8Array, size: number): void {
    let at = 0;
    while (at < size) {
      // Some writers pad the body with NULs.
      if (bytes[at] === 0) return;
      const recordSize = this.#recordSize(bytes, at, size);
      const end = at + recordSize - 1;
      let keyAt = at;
      while (bytes[keyAt] !== 0x20) keyAt++;
      keyAt++;
      let equals = keyAt;
      while (equals < end && bytes[equals] !== 0x3d) equals++;
      if (equals === end || equals === keyAt || bytes[end] !== 0x0a) {
        throw malformed(at, "it is no KEYWORD=VALUE line", "one that ends where its length says");
      }
      this.#set(byteStringFrom(bytes, keyAt, equals), bytes, equals + 1, end);
      at += recordSize;
    }
  }

  #recordSize(bytes: Uint8Array, at: number, size: number): number {
    let recordSize = 0;
    let i = at;
    for (; i < size && i < at + 10 && bytes[i] !== 0x20; i++) {
      const digit = bytes[i] - 0x30;
      if (digit < 0 || digit > 9) break;
      recordSize = recordSize * 10 + digit;
    }
    if (i === at || i >= size || bytes[i] !== 0x20) {
      throw malformed(at, "it has no length", "decimal digits and a space");
    }
    if (recordSize > size - at || recordSize < i - at + 4) {
      throw malformed(at, `its length is ${recordSize}`, `${i - at + 4} to ${size - at}`);
    }
    return recordSize;
  }

  #set(keyword: ByteString, bytes: Uint8Array, start: number, end: number): void {
    if (keyword.startsWith(SCHILY_XATTR)) {
      return this.#addXattr(keyword.slice(SCHILY_XATTR.length), bytes.slice(start, end));
    }
    if (keyword.startsWith(LIBARCHIVE_XATTR)) {
      const name = decodeLibarchiveName(keyword.slice(LIBARCHIVE_XATTR.length));
      return this.#addXattr(name, decodeLibarchiveValue(byteStringFrom(bytes, start, end), name));
    }
    const text = byteStringFrom(bytes, start, end);
    const value = text === "" ? null : text;
    switch (keyword) {
      case "path":
        this.path = value;
        break;
      case "linkpath":
        this.linkPath = value;
        break;
      case "size":
        this.size = value === null ? null : parseCount(value, keyword);
        break;
      case "uid":
        this.uid = value === null ? null : parseCount(value, keyword);
        break;
      case "gid":
        this.gid = value === null ? null : parseCount(value, keyword);
        break;
      case "mtime":
        this.mtime = value === null ? null : parsePaxTime(value, keyword);
        break;
      case "atime":
        this.atime = value === null ? null : parsePaxTime(value, keyword);
        break;
      default:
        if (keyword.startsWith("GNU.sparse.")) this.#setSparse(keyword, text);
        else if (keyword.startsWith("SCHILY.acl.") && value !== null) {
          this.#addAcl(keyword, value);
        }
    }
  }

  #addXattr(name: ByteString, value: Uint8Array): void {
    checkXattrName(name);
    (this.xattrs ??= []).push({ name, value });
  }

  #addAcl(keyword: ByteString, text: ByteString): void {
    const xattr = parsePaxAcl(keyword, text);
    if (xattr === undefined) (this.#unreadableAcls ??= []).push(keyword);
    else if (xattr !== null) (this.acls ??= new Map()).set(keyword, xattr);
  }

  #setSparse(keyword: string, text: ByteString): void {
    switch (keyword) {
      case "GNU.sparse.major":
        if (text !== "0" && text !== "1") throw unknownSparse("major", text);
        this.hasSparseMapInBody = text === "1";
        break;
      case "GNU.sparse.minor":
        if (text !== "0" && text !== "1") throw unknownSparse("minor", text);
        break;
      case "GNU.sparse.name":
        this.sparseName = text === "" ? null : text;
        break;
      case "GNU.sparse.size":
      case "GNU.sparse.realsize":
        this.sparseRealSize = parseCount(text, keyword);
        break;
      case "GNU.sparse.numblocks":
        this.sparseMap ??= new SparseMap();
        break;
      case "GNU.sparse.map":
        this.sparseMap = parseSparseList(text);
        break;
      case "GNU.sparse.offset":
        this.#sparseOffset = parseCount(text, keyword);
        break;
      case "GNU.sparse.numbytes":
        (this.sparseMap ??= new SparseMap()).add(this.#sparseOffset, parseCount(text, keyword));
        this.#sparseOffset = -1;
        break;
    }
  }
}

function parseCount(text: ByteString, keyword: string): number {
  if (!/^\d{1,30}$/.test(text)) {
    throw new ImageError(
      "CORRUPT",
      `Cannot read PAX record "${keyword}": "${displayByteString(text.slice(0, 40))}", ` +
        "expected a decimal number",
    );
  }
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new ImageError(
      "LIMIT_EXCEEDED",
      `Cannot read PAX record "${keyword}": ${text}, expected below 2^53`,
    );
  }
  return value;
}

function unknownSparse(part: string, text: ByteString): ImageError {
  return new ImageError(
    "UNSUPPORTED",
    `Cannot read sparse file: ${part} version is "${displayByteString(text.slice(0, 40))}", ` +
      "expected 0.0, 0.1 or 1.0",
  );
}

function malformed(at: number, observed: string, expected: string): ImageError {
  return new ImageError(
    "CORRUPT",
    `Cannot read PAX record at byte ${at} of its header: ${observed}, expected ${expected}`,
  );
}
