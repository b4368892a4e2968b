/**
 * A file of the tree from an inode of an image: what was added for overlayfs is taken away.
 *
 * @module
 */
import {
  bytesOf,
  type ByteString,
  byteStringFrom,
  displayByteString,
} from "../../bytes/byte_string.ts";
import { DataLayout, INODE_COMPACT_SIZE, NULL_BLOCK } from "../../format/erofs/inode.ts";
import { ImageError } from "../../image_error.ts";
import { contentOf } from "../../tree/object_content.ts";
import { unpackDeviceNumber } from "../../tree/device_number.ts";
import { canonicalXattrs, FileKind, Inode, NO_XATTRS, type Xattr } from "../../tree/inode.ts";
import type { ImageContent } from "./content.ts";
import { corrupt } from "./corrupt_image.ts";
import type { ImageBytes } from "./image_bytes.ts";
import { IMAGE_BLOCK_SIZE, INODE_SLOT_SIZE } from "./image_version.ts";
import {
  digestOfMetacopy,
  METACOPY,
  OPAQUE,
  OPAQUE_MARKS,
  REDIRECT,
  unescapeOverlayName,
  WHITEOUT_MARKS,
  WHITEOUTS_MARKS,
} from "./overlay_xattrs.ts";
import { type FoundInode, readData } from "./read_inode.ts";
import type { FoundXattr, FoundXattrs } from "./read_xattrs.ts";

/** Limits of version 2, in which all data stands behind inodes. */
const INLINE_MAX_2 = 512;
const TARGET_MAX_2 = 1024;
const TARGET_MAX = 4095;
const CHUNK_BITS_MASK = 0x1f;
const CHUNK_ENTRY_SIZE = 4;

/**
 * The file of an inode, with its data unless it is a directory; `isRoot` for that of the image.
 * Throws `ImageError` `CORRUPT` or `UNSAFE_PATH`.
 */
export function restoreFile(
  image: ImageBytes,
  found: FoundInode,
  stored: FoundXattrs,
  isRoot = false,
): Inode<ImageContent> {
  const isMarked = isEscapedWhiteout(found, stored);
  if (isMarked && image.version === 2) {
    throw corrupt("file", "it stands for a whiteout", "a whiteout in version 2", found.position);
  }
  const kind = isMarked ? FileKind.characterDevice : found.kind;
  const inode = new Inode<ImageContent>(kind, found.permissions);
  inode.uid = found.uid;
  inode.gid = found.gid;
  inode.mtimeSeconds = inode.atimeSeconds = found.mtimeSeconds;
  inode.mtimeNanoseconds = inode.atimeNanoseconds = found.mtimeNanoseconds;
  inode.linkCount = found.links;
  if (found.kind === FileKind.regular) setContent(image, found, stored, inode);
  else if (found.kind === FileKind.symlink) setTarget(image, found, inode);
  else if (found.kind !== FileKind.directory) setDevice(image, found, inode);
  if (isRoot && image.version < 2) {
    if (stored.get(OPAQUE)?.value !== "y") {
      throw corrupt("root directory", `it is not marked by ${OPAQUE}`, `"y"`, found.position);
    }
    stored.delete(OPAQUE);
  }
  if (isMarked) { for (const name of WHITEOUT_MARKS) stored.delete(name); }
  inode.xattrs = restoreXattrs(stored, found);
  return inode;
}

/** The attributes of a directory with whiteouts, without those that say so. */
export function withoutWhiteoutMarks(xattrs: readonly Xattr[], image: ImageBytes): Xattr[] {
  const marks = new Map<ByteString, ByteString>();
  for (const name of WHITEOUTS_MARKS) marks.set(unescapeOverlayName(name)!, "");
  if (image.version === 1) {
    for (const name of OPAQUE_MARKS) marks.set(unescapeOverlayName(name)!, "x");
  }
  return xattrs.filter(({ name, value }) => marks.get(name) !== byteStringFrom(value));
}

function isEscapedWhiteout({ kind, size, layout }: FoundInode, stored: FoundXattrs): boolean {
  return kind === FileKind.regular && size === 0 && layout === DataLayout.flatPlain &&
    WHITEOUT_MARKS.every((name) => stored.get(name)?.value === "");
}

function restoreXattrs(stored: FoundXattrs, { position }: FoundInode): readonly Xattr[] {
  if (stored.size === 0) return NO_XATTRS;
  const xattrs: Xattr[] = [];
  for (const xattr of stored.values()) {
    xattrs.push(xattr.restored ??= restoreXattr(xattr, position));
  }
  return canonicalXattrs(xattrs);
}

function restoreXattr({ name: stored, value }: FoundXattr, position: number): Xattr {
  const name = unescapeOverlayName(stored);
  if (name === null) {
    const shown = displayByteString(stored);
    throw corrupt("file", `it has the attribute "${shown}"`, "none of overlayfs here", position);
  }
  return { name, value: bytesOf(value) };
}

function setContent(
  image: ImageBytes,
  found: FoundInode,
  stored: FoundXattrs,
  inode: Inode<ImageContent>,
): void {
  inode.size = found.size;
  if (found.layout === DataLayout.chunkBased) {
    inode.content = objectOf(image, found, stored);
    return;
  }
  if (image.version === 2 && found.size > INLINE_MAX_2) {
    throw corrupt(
      "file",
      `${found.size} bytes are in the image`,
      `${INLINE_MAX_2}`,
      found.position,
    );
  }
  const { bytes } = readData(image, found, (size) => image.inline.take(size));
  if (bytes.length > 0) inode.content = { bytes };
}

/** The object of a file; `null` for a hole. Takes the attributes that name it. */
function objectOf(
  image: ImageBytes,
  found: FoundInode,
  stored: FoundXattrs,
): ImageContent | null {
  const { position } = found;
  const metacopy = stored.get(METACOPY);
  const digest = metacopy === undefined ? null : digestOfMetacopy(metacopy.value);
  if (digest === null) {
    throw corrupt("file", `its ${METACOPY} is missing or malformed`, "a digest", position);
  }
  const redirect = stored.get(REDIRECT);
  const path = redirect === undefined ? undefined : objectPathOf(redirect.value, position);
  stored.delete(METACOPY);
  stored.delete(REDIRECT);
  checkChunks(image, found, digest !== "");
  return contentOf(path, digest === "" ? undefined : digest);
}

/** The path of an object below the directory of objects. */
function objectPathOf(redirect: ByteString, position: number): ByteString {
  const parts = redirect.split("/");
  const isRooted = parts.shift() === "";
  if (!isRooted || redirect.includes("\0") || parts.some((it) => it === "" || /^\.\.?$/.test(it))) {
    throw new ImageError(
      "UNSAFE_PATH",
      `Cannot read object of file "${displayByteString(redirect)}": its path is not absolute or ` +
        "has empty parts, . or .., expected a path below the objects",
      { where: { offset: position } },
    );
  }
  return redirect.slice(1);
}

/** All chunks of a file must be holes: its bytes are in the object. */
function checkChunks(image: ImageBytes, found: FoundInode, hasDigest: boolean): void {
  const { size, union, position, xattrStart, xattrEnd } = found;
  const bits = union % 65536;
  if (bits > CHUNK_BITS_MASK) {
    throw corrupt("file", `form of its chunks is ${bits}`, `at most ${CHUNK_BITS_MASK}`, position);
  }
  if (image.version === 2 && !hasDigest) {
    image.claimInode(position, xattrEnd);
    return;
  }
  const chunkSize = 2 ** bits * IMAGE_BLOCK_SIZE;
  const count = image.version === 2 ? 1 : Math.ceil(size / chunkSize);
  const end = xattrEnd + count * CHUNK_ENTRY_SIZE;
  if (end - xattrEnd + (xattrEnd - xattrStart) % INODE_SLOT_SIZE > IMAGE_BLOCK_SIZE) {
    // The entries are in a block, which holds nothing else.
    image.claimInode(position, xattrEnd);
    return;
  }
  image.claimInode(position, end);
  const { view, at: start } = image.pages.load(xattrEnd, end, "chunks");
  for (let at = xattrEnd; at < end; at += CHUNK_ENTRY_SIZE) {
    const block = view.getUint32(start + at - xattrEnd, true);
    if (block !== NULL_BLOCK) throw corrupt("file", `a chunk is block ${block}`, "a hole", at);
  }
}

function setTarget(image: ImageBytes, found: FoundInode, inode: Inode): void {
  const { size, position, layout, xattrEnd } = found;
  const max = image.version === 2 ? TARGET_MAX_2 : TARGET_MAX;
  if (size === 0 || size > max || layout === DataLayout.chunkBased) {
    throw corrupt("symbolic link", `its target has ${size} bytes`, `1 to ${max}`, position);
  }
  const end = position % IMAGE_BLOCK_SIZE + (xattrEnd - position) + size;
  if (image.version < 2 && layout === DataLayout.flatInline && end > IMAGE_BLOCK_SIZE) {
    throw corrupt("symbolic link", "it goes over the end of a block", "all in one", position);
  }
  const target = byteStringFrom(readData(image, found).bytes);
  if (target.includes("\0")) {
    throw corrupt("symbolic link", "its target has a NUL byte", "none", position);
  }
  inode.target = target;
  inode.size = size;
}

/** A device, pipe or socket. */
function setDevice(image: ImageBytes, found: FoundInode, inode: Inode): void {
  const { kind, size, layout, union, position, xattrEnd } = found;
  if (size !== 0 || layout !== DataLayout.flatPlain) {
    throw corrupt("special file", `it has ${size} bytes in layout ${layout}`, "none", position);
  }
  image.claimInode(position, Math.max(xattrEnd, position + INODE_COMPACT_SIZE));
  if (kind !== FileKind.characterDevice && kind !== FileKind.blockDevice) return;
  const { major, minor } = unpackDeviceNumber(union);
  inode.deviceMajor = major;
  inode.deviceMinor = minor;
}
