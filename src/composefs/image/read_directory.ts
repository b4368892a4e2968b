/**
 * The entries of a directory of an image that is read.
 *
 * @module
 */
import { type ByteString, byteStringFrom, displayByteString } from "../../bytes/byte_string.ts";
import { DIRENT_SIZE, NAME_MAX, readDirent } from "../../format/erofs/dirent.ts";
import { corrupt } from "./corrupt_image.ts";
import type { ImageBytes } from "./image_bytes.ts";
import { IMAGE_BLOCK_SIZE } from "./image_version.ts";
import { type FoundInode, readData } from "./read_inode.ts";

/** An entry of a directory. */
export interface DirectoryEntry {
  readonly name: ByteString;
  /** Number of the inode. */
  readonly nid: number;
  /** A value of `FileKind`, by the entry's own account. */
  readonly fileType: number;
}

/**
 * The entries of a directory, `.` and `..` among them. Names must be in order, which the kernel needs
 * to find them. Throws `ImageError` `CORRUPT`.
 */
export function readDirectory(image: ImageBytes, inode: FoundInode): DirectoryEntry[] {
  const { bytes, blocksStart, blocksSize } = readData(image, inode);
  const entries: DirectoryEntry[] = [];
  for (let at = 0; at < bytes.length; at += IMAGE_BLOCK_SIZE) {
    const place = at < blocksSize ? blocksStart + at : inode.xattrEnd;
    readBlock(bytes.subarray(at, at + IMAGE_BLOCK_SIZE), place, entries);
  }
  return entries;
}

/** The entries of a block that stands at `place` of the image. */
function readBlock(
  block: Uint8Array<ArrayBuffer>,
  place: number,
  entries: DirectoryEntry[],
): void {
  const view = new DataView(block.buffer, block.byteOffset, block.length);
  const namesStart = block.length < DIRENT_SIZE ? 0 : readDirent(view, 0).nameOffset;
  if (namesStart === 0 || namesStart % DIRENT_SIZE !== 0 || namesStart > block.length) {
    throw corrupt(
      "directory",
      `names of ${block.length} bytes begin at ${namesStart}`,
      `a multiple of ${DIRENT_SIZE} among them`,
      place,
    );
  }
  let start = namesStart;
  for (let at = 0; at < namesStart; at += DIRENT_SIZE) {
    const { nid, nameOffset, fileType } = readDirent(view, at);
    const isLast = at + DIRENT_SIZE === namesStart;
    const end = isLast ? endOfNames(block, start) : readDirent(view, at + DIRENT_SIZE).nameOffset;
    if (nameOffset !== start || end <= start || end > block.length || end - start > NAME_MAX) {
      throw corrupt(
        "directory",
        `a name stands from ${nameOffset} to ${end}`,
        `1 to ${NAME_MAX} bytes from ${start} on`,
        place + at,
      );
    }
    const name = byteStringFrom(block, start, end);
    const before = entries.at(-1)?.name ?? "";
    if (name <= before || name.includes("/") || name.includes("\0")) {
      throw corrupt(
        "directory",
        `name "${displayByteString(name)}" follows "${displayByteString(before)}"`,
        "names in order, without / and NUL",
        place + at,
      );
    }
    entries.push({ name, nid, fileType });
    start = end;
  }
}

/** The last name of a block ends with it, or before the first NUL. */
function endOfNames(block: Uint8Array, start: number): number {
  const nul = block.indexOf(0, start);
  return nul < 0 ? block.length : nul;
}
