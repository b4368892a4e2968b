/**
 * Decides which attributes are stored with the files of an image: those of the tree, and those that
 * overlayfs needs.
 *
 * @module
 */
import { type ByteString, byteStringFrom } from "../../bytes/byte_string.ts";
import type { Notice, NoticeListener } from "../../notice.ts";
import { FileKind } from "../../tree/inode.ts";
import { isAtOwnPath } from "../../tree/object_content.ts";
import { isObject } from "./content.ts";
import type { FileOrder } from "./file_order.ts";
import { type ImageInode, namingFile, pathOf } from "./image_inode.ts";
import type { ImageVersion } from "./image_version.ts";
import {
  escapeOverlayName,
  METACOPY,
  OPAQUE,
  OPAQUE_MARKS,
  REDIRECT,
  redirectKey,
  unescapeOverlayName,
  WHITEOUT_MARKS,
  WHITEOUTS_MARKS,
} from "./overlay_xattrs.ts";
import { type StoredXattr, XattrPool } from "./xattr_pool.ts";

/** A stored name, and the key of its value in the pool. */
type Pair = readonly [name: ByteString, key: ByteString];

/**
 * The attributes of the files of an image. They are made from the tree when they are asked for: only
 * those of several files are kept.
 */
export class ImageXattrs {
  /** Attributes that several files have, in the order of their table. */
  readonly shared: readonly StoredXattr[];
  readonly #version: ImageVersion;
  readonly #pool: XattrPool;
  readonly #marks: ReadonlyMap<ImageInode, readonly Pair[]>;

  /**
   * Counts the attributes of all files. `onNotice` hears `LOSS` where an attribute of the tree has the
   * name of one that overlayfs needs. Throws `ImageError` `LIMIT_EXCEEDED`.
   */
  constructor(order: FileOrder, version: ImageVersion, onNotice: NoticeListener) {
    this.#version = version;
    this.#pool = new XattrPool(version);
    this.#marks = version === 2 ? new Map() : whiteoutMarks(order, version);
    for (const file of order.files) {
      namingFile(file, () => {
        for (const [name, key] of this.#pairs(file, onNotice)) this.#pool.count(name, key);
      });
    }
    this.shared = this.#pool.share();
  }

  /** The attributes of a file in the order in which they are stored. */
  of(file: ImageInode): StoredXattr[] {
    return this.#pairs(file, () => {}).map(([name, key]) => this.#pool.find(name, key));
  }

  #pairs(file: ImageInode, onNotice: NoticeListener): readonly Pair[] {
    const stored = overlayPairs(file, this.#version);
    for (const { name, value } of file.inode.xattrs) {
      stored.push([escapeOverlayName(name), byteStringFrom(value)]);
    }
    if (this.#version === 2) return stored;
    const added: Pair[] = [...this.#marks.get(file) ?? []];
    if (file.parent === file) added.push([OPAQUE, "y"]);
    if (added.length === 0) return stored.sort(byName);
    const values = new Map(stored);
    for (const [name, value] of added) {
      if ((values.get(name) ?? value) !== value) onNotice(replacedAttribute(file, name));
      values.set(name, value);
    }
    return [...values].sort(byName);
  }
}

function byName([a]: Pair, [b]: Pair): number {
  return a < b ? -1 : 1;
}

function replacedAttribute(file: ImageInode, stored: ByteString): Notice {
  return {
    code: "LOSS",
    message: `Attribute ${unescapeOverlayName(stored)} was replaced by the mark of a whiteout`,
    where: { path: pathOf(file) },
  };
}

/** The attributes of a file whose bytes are in an object. */
function overlayPairs(file: ImageInode, version: ImageVersion): Pair[] {
  const { kind, content, size } = file.inode;
  if (kind !== FileKind.regular) return [];
  if (content !== null && !isObject(content)) return [];
  // An empty file needs no object, but version 2 stores what it is told.
  if (size === 0 && (version !== 2 || content === null)) return [];
  if (content === null) return [[METACOPY, ""]];
  const digest = content.digest ?? "";
  if (isAtOwnPath(content)) return [[METACOPY, digest], [REDIRECT, digest]];
  const { payload } = content;
  if (payload === undefined) return [[METACOPY, digest]];
  const path = payload.startsWith("/") ? payload.slice(1) : payload;
  return [[METACOPY, digest], [REDIRECT, redirectKey(path)]];
}

/** The attributes of files that stand for whiteouts, and of their directories. */
function whiteoutMarks(order: FileOrder, version: ImageVersion): Map<ImageInode, Pair[]> {
  const marks = new Map<ImageInode, Pair[]>();
  for (const file of order.whiteouts) {
    marks.set(file, WHITEOUT_MARKS.map((name): Pair => [name, ""]));
    const directory: Pair[] = WHITEOUTS_MARKS.map((name) => [name, ""]);
    if (version === 1) directory.push(...OPAQUE_MARKS.map((name): Pair => [name, "x"]));
    marks.set(file.parent, directory);
  }
  return marks;
}
