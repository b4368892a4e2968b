/**
 * The attributes of the files of an image that is read, as they are stored.
 *
 * @module
 */
import { alignUp } from "../../bytes/align.ts";
import { type ByteString, byteStringFrom, displayByteString } from "../../bytes/byte_string.ts";
import {
  readXattrEntry,
  readXattrHeader,
  XATTR_ENTRY_SIZE,
  XATTR_HEADER_SIZE,
  XATTR_REFERENCE_SIZE,
} from "../../format/erofs/xattr.ts";
import type { Xattr } from "../../tree/inode.ts";
import { corrupt, type ImageBytes } from "./image_bytes.ts";
import { IMAGE_BLOCK_SIZE } from "./image_version.ts";
import type { FoundInode } from "./read_inode.ts";
import { XATTR_PREFIXES } from "./xattr_pool.ts";

/** Attributes by their stored names. */
export type StoredValues = Map<ByteString, Uint8Array>;

/** An attribute, and where the next one may begin. */
interface FoundXattr extends Xattr {
  readonly end: number;
}

/** Reads attributes; those that several files have are read once. */
export class XattrReader {
  readonly #image: ImageBytes;
  readonly #shared = new Map<number, FoundXattr>();

  /** A reader for one image. */
  constructor(image: ImageBytes) {
    this.#image = image;
  }

  /** The attributes of an inode. Throws `ImageError` `CORRUPT`. */
  read({ xattrStart, xattrEnd }: FoundInode): StoredValues {
    const values: StoredValues = new Map();
    if (xattrStart === xattrEnd) return values;
    const image = this.#image;
    image.slice(xattrStart, xattrEnd, "attributes");
    const { sharedCount } = readXattrHeader(image.view, xattrStart);
    let at = xattrStart + XATTR_HEADER_SIZE;
    const sharedEnd = at + sharedCount * XATTR_REFERENCE_SIZE;
    if (sharedEnd > xattrEnd) {
      throw corrupt("attributes", `${sharedCount} are shared`, "room for them", xattrStart);
    }
    const base = image.superblock.xattrBlock * IMAGE_BLOCK_SIZE;
    for (; at < sharedEnd; at += XATTR_REFERENCE_SIZE) {
      const reference = image.view.getUint32(at, true);
      add(values, this.#sharedAt(base + reference * XATTR_REFERENCE_SIZE), at);
    }
    while (at < xattrEnd) {
      const xattr = this.#xattrAt(at, xattrEnd);
      add(values, xattr, at);
      at = xattr.end;
    }
    return values;
  }

  #sharedAt(at: number): FoundXattr {
    let xattr = this.#shared.get(at);
    if (xattr === undefined) {
      this.#shared.set(at, xattr = this.#xattrAt(at, this.#image.bytes.length));
    }
    return xattr;
  }

  #xattrAt(at: number, limit: number): FoundXattr {
    const { bytes, view } = this.#image;
    if (at + XATTR_ENTRY_SIZE > limit) {
      throw corrupt("attribute", `it begins at ${at}`, `it to end at ${limit}`, at);
    }
    const { nameLength, nameIndex, valueSize } = readXattrEntry(view, at);
    const nameStart = at + XATTR_ENTRY_SIZE;
    const valueStart = nameStart + nameLength;
    const end = alignUp(valueStart + valueSize, 4);
    if (end > limit) throw corrupt("attribute", `it ends at ${end}`, `at most ${limit}`, at);
    const prefix = nameIndex === 0 ? "" : XATTR_PREFIXES.find(([it]) => it === nameIndex)?.[1];
    if (prefix === undefined) {
      throw corrupt("attribute", `number of its prefix is ${nameIndex}`, "0 to 6", at);
    }
    const name = prefix + byteStringFrom(bytes, nameStart, valueStart);
    if (name === "" || name.includes("\0")) {
      throw corrupt("attribute", `its name is "${displayByteString(name)}"`, "a name", at);
    }
    return { name, value: bytes.subarray(valueStart, valueStart + valueSize), end };
  }
}

function add(values: StoredValues, { name, value }: Xattr, at: number): void {
  if (values.has(name)) {
    throw corrupt("attributes", `"${displayByteString(name)}" stands twice`, "each name once", at);
  }
  values.set(name, value);
}
