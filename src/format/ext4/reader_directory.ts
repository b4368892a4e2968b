/**
 * The entries of a directory, verified.
 *
 * @module
 */
import { type ByteString, byteStringFrom, displayByteString } from "../../bytes/byte_string.ts";
import { FileKind } from "../../tree/inode.ts";
import { blockChecksum } from "./checksum.ts";
import { DirectoryHasher, type HashVersion } from "./directory_hash.ts";
import { DIRENT_HEADER_SIZE, DIRENT_TAIL_SIZE, readDirent, readDirentTail } from "./dirent.ts";
import { CompatFeature } from "./features.ts";
import { HTREE_ROOT_INFO_OFFSET, readHtreeInfo } from "./htree.ts";
import { INODE_INDEX } from "./inode.ts";
import { readExtents } from "./reader_extents.ts";
import { type HashRange, isInRange, readHtree } from "./reader_htree.ts";
import type { FoundInode } from "./reader_inodes.ts";
import { type Ext4Volume, hex, type ViewedBytes } from "./reader_volume.ts";
import { FLAG_SIGNED_HASH, FLAG_UNSIGNED_HASH } from "./superblock.ts";

/** Bytes that an entry has at least. */
const RECORD_MIN = 12;

/** A name in a directory. */
export interface FoundName {
  /** One component of a path. */
  readonly name: ByteString;
  /** The inode it names. */
  readonly inode: number;
  /** A value of `FileKind`, or 0 in an image without the `filetype` feature. */
  readonly fileType: number;
}

/**
 * Reads all entries but `.` and `..`, which must be the directory itself and `parent`. That no name
 * stands twice is left to the caller. Throws `ImageError` `CORRUPT`.
 */
export function readDirectory(volume: Ext4Volume, inode: FoundInode, parent: number): FoundName[] {
  return new DirectoryBlocks(volume, inode).names(parent);
}

class DirectoryBlocks {
  readonly #volume: Ext4Volume;
  readonly #inode: FoundInode;
  readonly #thing: string;
  /** Block of the image of each block of the directory. */
  readonly #blocks: number[] = [];

  constructor(volume: Ext4Volume, inode: FoundInode) {
    this.#volume = volume;
    this.#inode = inode;
    this.#thing = `directory inode ${inode.number}`;
    const { size } = inode.fields;
    if (size === 0 || size % volume.blockSize !== 0) {
      this.#refuse(`size is ${size}`, `a multiple of ${volume.blockSize}`);
    }
    const blockCount = size / volume.blockSize;
    for (const run of readExtents(volume, inode).runs()) {
      if (run.logicalBlock !== this.#blocks.length) break;
      for (let i = 0; i < run.blockCount && this.#blocks.length < blockCount; i++) {
        volume.noteNode(run.startBlock + i, this.#thing);
        this.#blocks.push(run.startBlock + i);
      }
    }
    if (this.#blocks.length !== blockCount) {
      this.#refuse(`block ${this.#blocks.length} is a hole`, `${blockCount} blocks`);
    }
  }

  names(parent: number): FoundName[] {
    // Without the feature the flag means nothing.
    const { featureCompat } = this.#volume.superblock;
    const isIndexed = (this.#inode.fields.flags & INODE_INDEX) !== 0 &&
      (featureCompat & CompatFeature.dirIndex) !== 0;
    const leaves = isIndexed
      ? readHtree(this.#volume, this.#inode, this.#blocks.length, (block) => this.#read(block))
      : null;
    const hasher = leaves === null ? null : this.#hasher();
    const names: FoundName[] = [];
    for (let block = 0; block < this.#blocks.length; block++) {
      const leaf = leaves?.get(block);
      const isNode = leaves !== null && leaf === undefined;
      // An interior node holds no names; the root holds `.` and `..`.
      if (isNode && block > 0) continue;
      const { bytes, view } = this.#read(block);
      if (!isNode) this.#verifyChecksum(block, bytes, view);
      for (const entry of readEntries(this.#volume, this.#thing, block, bytes, view)) {
        this.#checkName(entry, names.length, parent);
        if (leaf !== undefined && hasher !== null) this.#checkHash(entry, leaf, hasher);
        names.push(entry);
      }
    }
    if (names.length < 2) this.#refuse(`${names.length} entries`, '"." and ".."');
    return names.slice(2);
  }

  /** Hashes names as the directory does. */
  #hasher(): DirectoryHasher {
    const { hashSeed, flags } = this.#volume.superblock;
    const { hashVersion } = readHtreeInfo(this.#read(0).view, HTREE_ROOT_INFO_OFFSET);
    const isUnsigned = (flags & FLAG_UNSIGNED_HASH) !== 0;
    return new DirectoryHasher(hashSeed, { version: hashVersion as HashVersion, isUnsigned });
  }

  /** The kernel finds a name only in the leaf of its hash. */
  #checkHash(entry: FoundName, leaf: HashRange, hasher: DirectoryHasher): void {
    // Where the superblock does not say it, whoever made the image left the sign to the processor.
    const { flags } = this.#volume.superblock;
    const isSaid = (flags & (FLAG_SIGNED_HASH | FLAG_UNSIGNED_HASH)) !== 0;
    if (!isSaid && /[\x80-\xff]/.test(entry.name)) return;
    const hash = hasher.hash(entry.name);
    if (isInRange(hash, leaf)) return;
    this.#refuse(
      `name "${displayByteString(entry.name)}" with hash ${hex(hash)} is in the wrong block`,
      `${hex(leaf.first)} to ${hex(leaf.end)}`,
    );
  }

  #read(block: number): ViewedBytes {
    return this.#volume.readBlock(this.#blocks[block], this.#thing);
  }

  #verifyChecksum(block: number, bytes: Uint8Array, view: DataView): void {
    if (!this.#volume.hasChecksums) return;
    const tailAt = bytes.length - DIRENT_TAIL_SIZE;
    const tail = readDirentTail(view, tailAt);
    if (tail === undefined) this.#refuse(`block ${block} has no checksum`, "a tail");
    this.#volume.checkChecksum(
      `block ${block} of ${this.#thing}`,
      tail.checksum,
      blockChecksum(this.#inode.seed, bytes, 0, tailAt),
      this.#blocks[block] * this.#volume.blockSize,
    );
  }

  #checkName(entry: FoundName, index: number, parent: number): void {
    const { name } = entry;
    const isDot = name === "." || name === "..";
    if (index < 2 || isDot) {
      const expected = index === 0 ? "." : "..";
      const target = index === 0 ? this.#inode.number : parent;
      if (index >= 2 || name !== expected || entry.inode !== target) {
        this.#refuse(
          `entry ${index} is "${displayByteString(name)}" for inode ${entry.inode}`,
          index < 2 ? `"${expected}" for inode ${target}` : "a name",
        );
      }
      if (entry.fileType !== 0 && entry.fileType !== FileKind.directory) {
        this.#refuse(`file type of "${name}" is ${entry.fileType}`, `${FileKind.directory}`);
      }
    }
    checkNameBytes(this.#volume, this.#thing, entry, index);
  }

  #refuse(observed: string, expected: string): never {
    throw this.#volume.corrupt(this.#thing, observed, expected);
  }
}

/** The entries in use of block `block` of a directory. Throws `ImageError` `CORRUPT`. */
export function* readEntries(
  volume: Ext4Volume,
  thing: string,
  block: number,
  bytes: Uint8Array,
  view: DataView,
): Generator<FoundName> {
  for (let at = 0; at < bytes.length;) {
    const left = bytes.length - at;
    const entry = left < DIRENT_HEADER_SIZE ? null : readDirent(view, at);
    if (
      entry === null || entry.recordLength % 4 !== 0 || entry.recordLength > left ||
      entry.recordLength < Math.max(RECORD_MIN, DIRENT_HEADER_SIZE + entry.nameLength)
    ) {
      throw volume.corrupt(
        thing,
        `entry at ${at} of block ${block} has ${entry?.recordLength ?? left} bytes`,
        `8 and its name up to ${left}`,
      );
    }
    if (entry.inode !== 0) {
      const nameAt = at + DIRENT_HEADER_SIZE;
      const name = byteStringFrom(bytes, nameAt, nameAt + entry.nameLength);
      yield { name, inode: entry.inode, fileType: entry.fileType };
    }
    at += entry.recordLength;
  }
}

/** Throws unless an entry has a name that a file can have, which `.` and `..` are not. */
export function checkEntryName(
  volume: Ext4Volume,
  thing: string,
  entry: FoundName,
  index: number,
): void {
  if (entry.name === "." || entry.name === "..") {
    throw volume.corrupt(thing, `entry ${index} is "${entry.name}"`, "a name");
  }
  checkNameBytes(volume, thing, entry, index);
}

function checkNameBytes(
  volume: Ext4Volume,
  thing: string,
  { name }: FoundName,
  index: number,
): void {
  if (name !== "" && !name.includes("/") && !name.includes("\0")) return;
  throw volume.corrupt(
    thing,
    `entry ${index} is "${displayByteString(name)}"`,
    'a name without "/" and NUL',
  );
}
