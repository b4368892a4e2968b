/**
 * The attributes of all files: those that several files have stand once in the image, the others
 * behind their inodes.
 *
 * @module
 */
import {
  type ByteString,
  byteStringFrom,
  displayByteString,
  writeByteString,
} from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import type { Xattr } from "../../tree/inode.ts";
import {
  splitXattrName,
  writeXattrEntry,
  writeXattrHeader,
  XATTR_COUNT_MAX,
  XATTR_ENTRY_SIZE,
  XATTR_HEADER_SIZE,
  XATTR_INDEX_LUSTRE,
  XATTR_INDEX_NONE,
  XATTR_NAME_MAX,
  XATTR_REFERENCE_SIZE,
  XATTR_VALUE_MAX,
  xattrCount,
  xattrEntrySize,
} from "./xattr.ts";
import { xattrFilter } from "./xattr_filter.ts";

/** An attribute is shared from so many files on, as `mkfs.erofs` does it. */
const SHARED_FILES = 3;
/** References that an inode has at most (`EROFS_MAX_SHARED_XATTRS`). */
const REFERENCES_MAX = 128;

/** Counts attributes first, then lays them out. */
export class XattrTable {
  readonly #counts = new Map<ByteString, { count: number; xattr: Xattr }>();
  /** Place of each shared attribute, bytes from the start of the table. */
  readonly #shared = new Map<ByteString, number>();
  readonly #isSharing: boolean;
  /** Bytes of the shared attributes. */
  sharedSize: number = 0;

  /** Begins; without `isSharing` every attribute stands behind its inode. */
  constructor(isSharing: boolean) {
    this.#isSharing = isSharing;
  }

  /**
   * Counts the attributes of a file. Throws `ImageError` `UNSUPPORTED` for names that the kernel
   * does not show, and `LIMIT_EXCEEDED` for names and values that are too long.
   */
  count(xattrs: readonly Xattr[]): void {
    if (xattrs.length === 0) return;
    for (const xattr of xattrs) {
      check(xattr);
      if (!this.#isSharing) continue;
      const key = keyOf(xattr);
      const known = this.#counts.get(key);
      if (known === undefined) this.#counts.set(key, { count: 1, xattr });
      else known.count++;
    }
  }

  /** Decides what is shared: everything was counted. */
  share(): void {
    const shared = [...this.#counts].filter(([, { count }]) => count >= SHARED_FILES);
    for (const [key, { xattr }] of shared.sort(([a], [b]) => a < b ? -1 : 1)) {
      this.#shared.set(key, this.sharedSize);
      this.sharedSize += sizeOf(xattr);
    }
    for (const key of this.#counts.keys()) if (!this.#shared.has(key)) this.#counts.delete(key);
  }

  /** Bytes of a file's attributes behind its inode; throws `LIMIT_EXCEEDED` for too many. */
  sizeOf(xattrs: readonly Xattr[]): number {
    if (xattrs.length === 0) return 0;
    const { references, own } = this.#split(xattrs);
    let size = XATTR_HEADER_SIZE + references.length * XATTR_REFERENCE_SIZE;
    for (const xattr of own) size += sizeOf(xattr);
    if (xattrCount(size) > XATTR_COUNT_MAX) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot write extended attributes: ${size} bytes, expected at most ` +
          `${XATTR_HEADER_SIZE + 4 * (XATTR_COUNT_MAX - 1)}`,
      );
    }
    return size;
  }

  /** Writes a file's attributes, which take `sizeOf()` bytes, to `at` of zeroed `bytes`. */
  write(bytes: Uint8Array, view: DataView, at: number, xattrs: readonly Xattr[]): void {
    if (xattrs.length === 0) return;
    const { references, own } = this.#split(xattrs);
    const nameFilter = xattrFilter(xattrs.map(({ name }) => splitXattrName(name)));
    writeXattrHeader(view, at, { nameFilter, sharedCount: references.length });
    at += XATTR_HEADER_SIZE;
    for (const reference of references) {
      view.setUint32(at, reference / XATTR_REFERENCE_SIZE, true);
      at += XATTR_REFERENCE_SIZE;
    }
    for (const xattr of own) at = writeEntry(bytes, view, at, xattr);
  }

  /** The shared attributes as they stand in the image. */
  sharedBytes(): Uint8Array {
    const bytes = new Uint8Array(this.sharedSize);
    const view = new DataView(bytes.buffer);
    for (const [key, at] of this.#shared) {
      writeEntry(bytes, view, at, this.#counts.get(key)!.xattr);
    }
    return bytes;
  }

  #split(xattrs: readonly Xattr[]): { references: number[]; own: readonly Xattr[] } {
    if (this.#shared.size === 0) return { references: [], own: xattrs };
    const references: number[] = [];
    const own: Xattr[] = [];
    for (const xattr of xattrs) {
      const place = references.length < REFERENCES_MAX ? this.#shared.get(keyOf(xattr)) : undefined;
      if (place === undefined) own.push(xattr);
      else references.push(place);
    }
    return { references, own };
  }
}

function writeEntry(bytes: Uint8Array, view: DataView, at: number, xattr: Xattr): number {
  const { index, suffix } = splitXattrName(xattr.name);
  writeXattrEntry(view, at, {
    nameLength: suffix.length,
    nameIndex: index,
    valueSize: xattr.value.length,
  });
  writeByteString(bytes, at + XATTR_ENTRY_SIZE, suffix);
  bytes.set(xattr.value, at + XATTR_ENTRY_SIZE + suffix.length);
  return at + sizeOf(xattr);
}

function sizeOf({ name, value }: Xattr): number {
  return xattrEntrySize(splitXattrName(name).suffix.length, value.length);
}

function check({ name, value }: Xattr): void {
  const { index, suffix } = splitXattrName(name);
  const isKnown = index !== XATTR_INDEX_NONE && index !== XATTR_INDEX_LUSTRE;
  const isAcl = name.startsWith("system.");
  if (!isKnown || (suffix === "" && !isAcl) || suffix.includes("\0")) {
    throw new ImageError(
      "UNSUPPORTED",
      `Cannot write extended attribute "${displayByteString(name)}": its name has no place ` +
        "in EROFS, expected user., trusted., security. or a POSIX ACL",
    );
  }
  if (suffix.length > XATTR_NAME_MAX || value.length > XATTR_VALUE_MAX) {
    throw new ImageError(
      "LIMIT_EXCEEDED",
      `Cannot write extended attribute "${displayByteString(name)}": value of ${value.length} ` +
        `bytes, expected at most ${XATTR_VALUE_MAX}, and a name of at most ${XATTR_NAME_MAX}`,
    );
  }
}

function keyOf({ name, value }: Xattr): ByteString {
  return `${name}\0${byteStringFrom(value)}`;
}
