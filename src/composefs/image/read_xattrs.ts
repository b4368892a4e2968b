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
import { corrupt } from "./corrupt_image.ts";
import type { ImageBytes } from "./image_bytes.ts";
import { IMAGE_BLOCK_SIZE } from "./image_version.ts";
import type { Xattr } from "../../tree/inode.ts";
import type { FoundInode } from "./read_inode.ts";
import { XATTR_PREFIXES } from "./xattr_pool.ts";

/** An attribute. */
export interface FoundXattr {
  /** Its stored name. */
  readonly name: ByteString;
  readonly value: ByteString;
  /** Where the next one may begin. */
  readonly end: number;
  /** The attribute of the tree that it is; `null` until it was asked for. */
  restored: Xattr | null;
}

/** Attributes by their stored names. */
export type FoundXattrs = Map<ByteString, FoundXattr>;

/** Reads attributes; those that several files have are read once. */
export class XattrReader {
  readonly #image: ImageBytes;
  readonly #shared = new Map<number, FoundXattr>();
  #sharedSize = 0;

  /** A reader for one image. */
  constructor(image: ImageBytes) {
    this.#image = image;
  }

  /** The attributes of an inode. Throws `ImageError` `CORRUPT`. */
  read({ xattrStart, xattrEnd }: FoundInode): FoundXattrs {
    const xattrs: FoundXattrs = new Map();
    if (xattrStart === xattrEnd) return xattrs;
    const { pages, superblock } = this.#image;
    const head = pages.load(xattrStart, xattrEnd, "attributes");
    const { sharedCount } = readXattrHeader(head.view, head.at);
    let at = xattrStart + XATTR_HEADER_SIZE;
    const sharedEnd = at + sharedCount * XATTR_REFERENCE_SIZE;
    if (sharedEnd > xattrEnd) {
      throw corrupt("attributes", `${sharedCount} are shared`, "room for them", xattrStart);
    }
    const base = superblock.xattrBlock * IMAGE_BLOCK_SIZE;
    for (; at < sharedEnd; at += XATTR_REFERENCE_SIZE) {
      const loaded = pages.load(at, at + XATTR_REFERENCE_SIZE, "attributes");
      const reference = loaded.view.getUint32(loaded.at, true);
      add(xattrs, this.#sharedAt(base + reference * XATTR_REFERENCE_SIZE), at);
    }
    while (at < xattrEnd) {
      const xattr = this.#xattrAt(at, xattrEnd);
      add(xattrs, xattr, at);
      at = xattr.end;
    }
    return xattrs;
  }

  #sharedAt(at: number): FoundXattr {
    let xattr = this.#shared.get(at);
    if (xattr === undefined) {
      const { size } = this.#image.pages;
      this.#shared.set(at, xattr = this.#xattrAt(at, size));
      // Else a small image could have endless ones, each of which begins a few bytes behind another.
      this.#sharedSize += xattr.end - at;
      if (this.#sharedSize > size) {
        throw corrupt("attributes", `shared ones have ${this.#sharedSize} bytes`, `${size}`, at);
      }
    }
    return xattr;
  }

  #xattrAt(at: number, limit: number): FoundXattr {
    const { pages } = this.#image;
    if (at + XATTR_ENTRY_SIZE > limit) {
      throw corrupt("attribute", `it begins at ${at}`, `it to end at ${limit}`, at);
    }
    const head = pages.load(at, at + XATTR_ENTRY_SIZE, "attribute");
    const { nameLength, nameIndex, valueSize } = readXattrEntry(head.view, head.at);
    const end = alignUp(at + XATTR_ENTRY_SIZE + nameLength + valueSize, 4);
    if (end > limit) throw corrupt("attribute", `it ends at ${end}`, `at most ${limit}`, at);
    const prefix = nameIndex === 0 ? "" : XATTR_PREFIXES.find(([it]) => it === nameIndex)?.[1];
    if (prefix === undefined) {
      throw corrupt("attribute", `number of its prefix is ${nameIndex}`, "0 to 6", at);
    }
    const { bytes, at: start } = pages.load(at, end, "attribute");
    const valueAt = start + XATTR_ENTRY_SIZE + nameLength;
    const name = prefix + byteStringFrom(bytes, start + XATTR_ENTRY_SIZE, valueAt);
    if (name === "" || name.includes("\0")) {
      throw corrupt("attribute", `its name is "${displayByteString(name)}"`, "a name", at);
    }
    const value = byteStringFrom(bytes, valueAt, valueAt + valueSize);
    return { name, value, end, restored: null };
  }
}

function add(xattrs: FoundXattrs, xattr: FoundXattr, at: number): void {
  const { name } = xattr;
  if (xattrs.has(name)) {
    throw corrupt("attributes", `"${displayByteString(name)}" stands twice`, "each name once", at);
  }
  xattrs.set(name, xattr);
}
