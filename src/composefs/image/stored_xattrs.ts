/**
 * Decides which attributes are stored with the files of an image: those of the tree, and those that
 * overlayfs needs.
 *
 * @module
 */
import { type ByteString, byteStringFrom } from "../../bytes/byte_string.ts";
import type { Notice, NoticeListener } from "../../notice.ts";
import { FileKind } from "../../tree/inode.ts";
import { isObject } from "./content.ts";
import type { FileOrder } from "./file_order.ts";
import { type ImageInode, namingFile, pathOf } from "./image_inode.ts";
import type { ImageVersion } from "./image_version.ts";
import {
  escapeOverlayName,
  METACOPY,
  metacopyValue,
  OPAQUE,
  OPAQUE_MARKS,
  REDIRECT,
  redirectValue,
  unescapeOverlayName,
  WHITEOUT_MARKS,
  WHITEOUTS_MARKS,
} from "./overlay_xattrs.ts";
import type { XattrPool } from "./xattr_pool.ts";

type Pair = readonly [name: ByteString, value: ByteString];

/**
 * Sets the attributes of all files. `onNotice` hears `LOSS` where an attribute of the tree has the
 * name of one that overlayfs needs. Throws `ImageError` `LIMIT_EXCEEDED`.
 */
export function storeXattrs(
  order: FileOrder,
  version: ImageVersion,
  pool: XattrPool,
  onNotice: NoticeListener,
): void {
  const marks = version === 2 ? new Map<ImageInode, Pair[]>() : whiteoutMarks(order, version);
  for (const file of order.files) {
    const stored: Pair[] = overlayPairs(file, version);
    for (const { name, value } of file.inode.xattrs) {
      stored.push([escapeOverlayName(name), byteStringFrom(value)]);
    }
    const add = (pairs: readonly Pair[]) =>
      namingFile(file, () => file.xattrs = pairs.map(([name, value]) => pool.add(name, value)));
    if (version === 2) {
      add(stored);
      continue;
    }
    const added: Pair[] = [...marks.get(file) ?? []];
    if (file.parent === file) added.push([OPAQUE, "y"]);
    if (stored.length + added.length === 0) continue;
    const values = new Map(stored);
    for (const [name, value] of added) {
      if ((values.get(name) ?? value) !== value) onNotice(replacedAttribute(file, name));
      values.set(name, value);
    }
    add([...values].sort(([a], [b]) => a < b ? -1 : 1));
  }
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
  const pairs: Pair[] = [[METACOPY, metacopyValue(content?.digest)]];
  if (content?.payload !== undefined) pairs.push([REDIRECT, redirectValue(content.payload)]);
  return pairs;
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
