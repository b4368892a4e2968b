/**
 * The attributes of all files of an image, each pair of name and value once: those that several
 * files have stand in a table of their own.
 *
 * Most files have an object that no other has. So as not to keep its attributes in memory, a value
 * goes by a key: what the tree has of it anyway, its digest or path.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../../bytes/byte_string.ts";
import { XATTR_NAME_MAX, XATTR_VALUE_MAX, xattrEntrySize } from "../../format/erofs/xattr.ts";
import { ImageError } from "../../image_error.ts";
import type { ImageVersion } from "./image_version.ts";
import { METACOPY, metacopyValue, REDIRECT, redirectOfKey } from "./overlay_xattrs.ts";

/** A pair of name and value. */
export interface StoredXattr {
  /** Full name as it is stored, overlay names escaped. */
  readonly name: ByteString;
  /** Number of the prefix of the name. */
  readonly index: number;
  /** The name behind the prefix. */
  readonly suffix: ByteString;
  readonly value: ByteString;
  /** Bytes from the start of the table of shared attributes, -1 where it is in none. */
  sharedOffset: number;
}

/** Prefixes of names by their numbers, the highest first: it wins where several match. */
export const XATTR_PREFIXES: readonly (readonly [index: number, prefix: ByteString])[] = [
  [6, "security."],
  [5, "lustre."],
  [4, "trusted."],
  [3, "system.posix_acl_default"],
  [2, "system.posix_acl_access"],
  [1, "user."],
];
/** A `Set` of JavaScript has room for so many. */
const SET_SIZE_MAX = 2 ** 24;
/** Version 0 and 1 do not know this prefix. */
const LUSTRE_INDEX = 5;

/** Collects attributes. */
export class XattrPool {
  readonly #version: ImageVersion;
  // Keys by name, until it is known which ones several files have.
  readonly #seen = new Map<ByteString, Set<ByteString>>();
  // Attributes of several files by name, then by key.
  readonly #shared = new Map<ByteString, Map<ByteString, StoredXattr>>();

  /** Begins an image of that version. */
  constructor(version: ImageVersion) {
    this.#version = version;
  }

  /** One more file has the attribute. Throws `ImageError` `LIMIT_EXCEEDED`. */
  count(name: ByteString, key: ByteString): void {
    let seen = this.#seen.get(name);
    if (seen === undefined) this.#seen.set(name, seen = new Set());
    const { size } = seen;
    if (size === SET_SIZE_MAX) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot write attribute "${displayByteString(name)}": more than ${size} files have other ` +
          "values of it, expected fewer",
      );
    }
    if (seen.add(key).size > size) return;
    let shared = this.#shared.get(name);
    if (shared === undefined) this.#shared.set(name, shared = new Map());
    if (!shared.has(key)) shared.set(key, this.#store(name, key));
  }

  /** An attribute that was counted. Throws `ImageError` `LIMIT_EXCEEDED`. */
  find(name: ByteString, key: ByteString): StoredXattr {
    return this.#shared.get(name)?.get(key) ?? this.#store(name, key);
  }

  /**
   * All attributes were counted: gives every one of several files its place in the table, and answers
   * the table.
   */
  share(): StoredXattr[] {
    this.#seen.clear();
    const shared: StoredXattr[] = [];
    for (const xattrs of this.#shared.values()) {
      for (const xattr of xattrs.values()) shared.push(xattr);
    }
    shared.sort(this.#version === 2 ? bySuffix : byNameDescending);
    let offset = 0;
    for (const xattr of shared) {
      xattr.sharedOffset = offset;
      offset += storedSize(xattr);
    }
    return shared;
  }

  #store(name: ByteString, key: ByteString): StoredXattr {
    const value = valueOf(name, key);
    const found = XATTR_PREFIXES.find(([index, prefix]) =>
      name.startsWith(prefix) && (index !== LUSTRE_INDEX || this.#version === 2)
    );
    const [index, prefix] = found ?? [0, ""];
    const suffix = name.slice(prefix.length);
    if (suffix.length > XATTR_NAME_MAX || value.length > XATTR_VALUE_MAX) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot write attribute: it has ${suffix.length} bytes of name and ${value.length} of ` +
          `value, expected at most ${XATTR_NAME_MAX} and ${XATTR_VALUE_MAX}`,
      );
    }
    return { name, index, suffix, value, sharedOffset: -1 };
  }
}

/** The value that goes by a key: of the attributes of objects that is no value itself. */
function valueOf(name: ByteString, key: ByteString): ByteString {
  if (name === METACOPY) return metacopyValue(key);
  return name === REDIRECT ? redirectOfKey(key) : key;
}

/** Bytes of an attribute where it stands. */
export function storedSize({ suffix, value }: StoredXattr): number {
  return xattrEntrySize(suffix.length, value.length);
}

function byNameDescending(a: StoredXattr, b: StoredXattr): number {
  return order(b.name, a.name) || b.value.length - a.value.length || order(b.value, a.value);
}

function bySuffix(a: StoredXattr, b: StoredXattr): number {
  return a.index - b.index || order(a.suffix, b.suffix) || order(a.value, b.value);
}

function order(a: ByteString, b: ByteString): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
