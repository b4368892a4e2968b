/**
 * Blocks of attributes that files with the same attributes share, and large values, each in an
 * inode of its own (`ea_inode`), which equal values share.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { byteStringFrom } from "../../bytes/byte_string.ts";
import { XATTR_MAX_REFERENCES } from "./xattr.ts";
import type { DiskXattr } from "./xattr_layout.ts";

/** A longer value is known by its digest, so that a million different ones need little memory. */
const MAX_KEY_LENGTH = 512;

/** A value that stands in an inode of its own. */
export interface LargeValue {
  /** Its bytes. */
  readonly value: Uint8Array;
  /** Number of its inode; 0 until the inodes of the tree are counted. */
  number: number;
  /** Entries that name the inode. */
  references: number;
}

/** A block of attributes. */
export interface SharedXattrBlock {
  /** Its entries. */
  readonly xattrs: readonly DiskXattr[];
  /** Number of the inode that was the first to need it. */
  readonly owner: number;
  /** Inodes that name it. */
  references: number;
  /** Where it stands; set by the placement. */
  block: number;
}

/** All blocks of attributes and large values of an image. */
export class XattrStore {
  readonly #blocks = new Map<string, SharedXattrBlock>();
  readonly #values = new Map<string, LargeValue>();

  /** Large values in the order in which they came up. */
  largeValues(): LargeValue[] {
    return [...this.#values.values()].filter((large) => large.references > 0);
  }

  /** The place of a value outside of the inode and the block. */
  largeValue(value: Uint8Array): LargeValue {
    const key = keyOf(value);
    let large = this.#values.get(key);
    if (large === undefined) {
      large = { value, number: 0, references: 0 };
      this.#values.set(key, large);
    }
    return large;
  }

  /** A block with these entries for inode `number`: an existing one, or a new one. */
  block(number: number, xattrs: readonly DiskXattr[]): SharedXattrBlock {
    let key = "";
    for (const { index, suffix, value } of xattrs) {
      key += `${index} ${suffix.length} ${suffix}${keyOf(value)}`;
    }
    let shared = this.#blocks.get(key);
    if (shared === undefined || shared.references === XATTR_MAX_REFERENCES) {
      shared = { xattrs, owner: number, references: 0, block: 0 };
      this.#blocks.set(key, shared);
      // However many files share the block, it names its values once.
      for (const { large } of xattrs) if (large !== null) large.references++;
    }
    shared.references++;
    return shared;
  }
}

/** A text that equal values have in common, and no others: short ones as they are. */
function keyOf(value: Uint8Array): string {
  // The length keeps a value apart from one that looks like its digest.
  const text = value.length <= MAX_KEY_LENGTH
    ? byteStringFrom(value)
    : createHash("sha256").update(value).digest("base64");
  return `${value.length} ${text}`;
}
