/**
 * Attributes of files: those behind their inodes, and shared ones.
 *
 * @module
 */
import { byteStringFrom, displayByteString } from "../../bytes/byte_string.ts";
import { canonicalXattrs, NO_XATTRS, type Xattr } from "../../tree/inode.ts";
import type { ImageProblem } from "../image_reader.ts";
import { CompatFeature } from "./features.ts";
import type { FoundInode } from "./reader_inodes.ts";
import type { ErofsVolume } from "./reader_volume.ts";
import {
  joinXattrName,
  readXattrEntry,
  readXattrHeader,
  splitXattrName,
  XATTR_ENTRY_SIZE,
  XATTR_HEADER_SIZE,
  XATTR_LONG_PREFIX,
  XATTR_REFERENCE_SIZE,
  xattrEntrySize,
} from "./xattr.ts";
import { xattrFilter } from "./xattr_filter.ts";

/** Problems that are remembered. */
const PROBLEMS_MAX = 100;

/** Reads attributes; shared ones once. */
export class ErofsXattrs {
  readonly #volume: ErofsVolume;
  readonly #shared = new Map<number, Xattr>();
  /** What is wrong though the attributes can be read; the first of many. */
  readonly problems: ImageProblem[] = [];

  /** Begins. */
  constructor(volume: ErofsVolume) {
    this.#volume = volume;
  }

  /** The attributes of a file; throws `ImageError` `CORRUPT` or `UNSUPPORTED`. */
  read(inode: FoundInode): readonly Xattr[] {
    if (inode.xattrSize === 0) return NO_XATTRS;
    const volume = this.#volume;
    const thing = `attributes of inode ${inode.nid}`;
    volume.claim(inode.xattrSize, thing);
    const start = inode.position + inode.inodeSize;
    const { bytes, view, at } = volume.metadata(start, inode.xattrSize, thing);
    const end = at + inode.xattrSize;
    const { sharedCount, nameFilter } = readXattrHeader(view, at);
    let next = at + XATTR_HEADER_SIZE;
    if (next + sharedCount * XATTR_REFERENCE_SIZE > end) {
      throw volume.corrupt(thing, `${sharedCount} are shared`, "fewer", start);
    }
    const found: Xattr[] = [];
    const shared: number[] = [];
    for (let i = 0; i < sharedCount; i++, next += XATTR_REFERENCE_SIZE) {
      shared.push(view.getUint32(next, true));
    }
    while (next < end) {
      const entry = next + XATTR_ENTRY_SIZE <= end ? readXattrEntry(view, next) : null;
      const size = entry === null ? Infinity : xattrEntrySize(entry.nameLength, entry.valueSize);
      if (entry === null || next + size > end) {
        throw volume.corrupt(thing, "an entry ends behind them", "inside", start + next - at);
      }
      // Words of zeros fill what is left over.
      if (entry.nameLength > 0 || entry.nameIndex > 0 || entry.valueSize > 0) {
        found.push(this.#entryAt(bytes, view, next, thing));
      }
      next += size;
    }
    for (const reference of shared) found.push(this.#sharedAt(reference, thing));
    const xattrs = canonicalXattrs(found);
    if (xattrs.length !== found.length) {
      throw volume.corrupt(thing, "a name stands twice", "once", start);
    }
    this.#checkFilter(inode, nameFilter, xattrs);
    return xattrs;
  }

  /** A wrong filter makes the kernel hide attributes: the tree is right, the image is not. */
  #checkFilter(inode: FoundInode, nameFilter: number, xattrs: readonly Xattr[]): void {
    const { featureCompat, xattrFilterReserved } = this.#volume.superblock;
    const hasFilter = (featureCompat & CompatFeature.xattrFilter) !== 0;
    if (!hasFilter || xattrFilterReserved !== 0 || this.problems.length === PROBLEMS_MAX) return;
    const expected = xattrFilter(xattrs.map(({ name }) => splitXattrName(name)));
    if (nameFilter === expected) return;
    this.problems.push({
      message: `Name filter of the attributes of inode ${inode.nid} is 0x${
        nameFilter.toString(16)
      }, expected 0x${expected.toString(16)}`,
      offset: inode.position + inode.inodeSize,
    });
  }

  /** Forgets shared attributes. */
  clear(): void {
    this.#shared.clear();
  }

  #sharedAt(reference: number, thing: string): Xattr {
    const known = this.#shared.get(reference);
    if (known !== undefined) return known;
    const volume = this.#volume;
    const position = volume.superblock.xattrBlock * volume.blockSize +
      reference * XATTR_REFERENCE_SIZE;
    const head = volume.metadata(position, XATTR_ENTRY_SIZE, thing);
    const { nameLength, valueSize } = readXattrEntry(head.view, head.at);
    const size = XATTR_ENTRY_SIZE + nameLength + valueSize;
    volume.claim(size, thing);
    const { bytes, view, at } = volume.metadata(position, size, thing);
    const xattr = this.#entryAt(bytes, view, at, thing);
    this.#shared.set(reference, xattr);
    return xattr;
  }

  #entryAt(bytes: Uint8Array, view: DataView, at: number, thing: string): Xattr {
    const { nameLength, nameIndex, valueSize } = readXattrEntry(view, at);
    const nameAt = at + XATTR_ENTRY_SIZE;
    const suffix = byteStringFrom(bytes, nameAt, nameAt + nameLength);
    if (nameIndex >= XATTR_LONG_PREFIX) {
      throw this.#volume.unsupported(thing, "a name has a long prefix", "none");
    }
    const name = joinXattrName(nameIndex, suffix);
    if (name === undefined || name.includes("\0") || name === "") {
      throw this.#volume.corrupt(
        thing,
        `a name is "${displayByteString(suffix)}" with prefix ${nameIndex}`,
        "a known prefix and a name",
      );
    }
    const value = bytes.slice(nameAt + nameLength, nameAt + nameLength + valueSize);
    return { name, value };
  }
}
