/**
 * The entries of a directory block.
 *
 * @module
 */
import { type ByteString, byteStringFrom, displayByteString } from "../../bytes/byte_string.ts";
import { DIRENT_SIZE, NAME_MAX, readDirent } from "./dirent.ts";
import type { ErofsVolume } from "./reader_volume.ts";

/** An entry of a directory. */
export interface FoundName {
  /** Its name. */
  readonly name: ByteString;
  /** Number of its inode. */
  readonly nid: number;
  /** A value of `FileKind`, or 0. */
  readonly fileType: number;
}

/** Yields the entries of one block of `size` bytes at `at` of `bytes`. */
export function* readDirectoryBlock(
  volume: ErofsVolume,
  bytes: Uint8Array,
  view: DataView,
  at: number,
  size: number,
  thing: string,
): Generator<FoundName> {
  const namesStart = size < DIRENT_SIZE ? 0 : readDirent(view, at).nameOffset;
  if (namesStart < DIRENT_SIZE || namesStart % DIRENT_SIZE !== 0 || namesStart > size) {
    throw volume.corrupt(thing, `names start at ${namesStart}`, `a multiple of 12 below ${size}`);
  }
  const count = namesStart / DIRENT_SIZE;
  for (let i = 0; i < count; i++) {
    const { nid, nameOffset, fileType } = readDirent(view, at + i * DIRENT_SIZE);
    let end = i + 1 < count ? readDirent(view, at + (i + 1) * DIRENT_SIZE).nameOffset : size;
    if (i + 1 === count) {
      // The last name of a block ends with a NUL where something is left behind it.
      const nul = bytes.subarray(at + nameOffset, at + size).indexOf(0);
      if (nul >= 0) end = nameOffset + nul;
    }
    if (nameOffset < namesStart || end > size || end <= nameOffset || end - nameOffset > NAME_MAX) {
      throw volume.corrupt(thing, `a name goes from ${nameOffset} to ${end}`, "a name inside");
    }
    const name = byteStringFrom(bytes, at + nameOffset, at + end);
    if (/[\0/]/.test(name)) {
      throw volume.corrupt(thing, `a name is "${displayByteString(name)}"`, "a file name");
    }
    yield { name, nid, fileType };
  }
}
