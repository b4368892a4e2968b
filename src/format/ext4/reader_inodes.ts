/**
 * The inodes of an image by number, verified.
 *
 * @module
 */
import { inodeChecksum, inodeSeed } from "./checksum.ts";
import { GROUP_INODE_UNINIT } from "./group_descriptor.ts";
import { type DiskInode, INODE_BLOCK_OFFSET, INODE_GOOD_OLD_SIZE, readInode } from "./inode.ts";
import type { Ext4Groups } from "./reader_groups.ts";
import type { Ext4Volume, ViewedBytes } from "./reader_volume.ts";

/** Bytes of an inode table that are read at once. */
const WINDOW_SIZE = 64 * 1024;
/** Windows that are kept. */
const WINDOW_COUNT = 16;

/** An inode as it was found. */
export interface FoundInode {
  /** Its number. */
  readonly number: number;
  /** Its fields. */
  readonly fields: DiskInode;
  /** The bytes it stands in. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** A view on `bytes`. */
  readonly view: DataView;
  /** Where it begins in `bytes`. */
  readonly at: number;
  /** Where `i_block` begins in `bytes`. */
  readonly blockAt: number;
  /** What the checksums of its directory and extent blocks start from. */
  readonly seed: number;
}

/** Reads inodes. */
export class Ext4Inodes {
  readonly #volume: Ext4Volume;
  readonly #groups: Ext4Groups;
  // By position of the window; the first is the one that was asked for least recently.
  readonly #windows = new Map<number, ViewedBytes>();

  /** Prepares to read the inodes of an image. */
  constructor(volume: Ext4Volume, groups: Ext4Groups) {
    this.#volume = volume;
    this.#groups = groups;
  }

  /** Reads an inode that is in use; throws `ImageError` `CORRUPT`. */
  read(number: number): FoundInode {
    const volume = this.#volume;
    const { superblock } = volume;
    const thing = `inode ${number}`;
    if (number < 1 || number > superblock.inodesCount) {
      throw volume.corrupt(thing, "there is no such inode", `1 to ${superblock.inodesCount}`);
    }
    const { inodeSize, inodesPerGroup } = superblock;
    const group = Math.floor((number - 1) / inodesPerGroup);
    const index = (number - 1) % inodesPerGroup;
    const descriptor = this.#groups.descriptor(group);
    const isUninit = (descriptor.flags & GROUP_INODE_UNINIT) !== 0;
    if (isUninit || index >= inodesPerGroup - descriptor.unusedInodesCount) {
      throw volume.corrupt(
        thing,
        `it is in the unused part of group ${group}`,
        "a used one",
      );
    }
    const byteOffset = index * inodeSize;
    const windowSize = Math.max(WINDOW_SIZE, volume.blockSize);
    const windowOffset = byteOffset - byteOffset % windowSize;
    const { bytes, view } = this.#window(descriptor.inodeTable, windowOffset, windowSize);
    const at = byteOffset - windowOffset;
    const fields = readInode(view, at, inodeSize);
    const seed = inodeSeed(volume.seed, number, fields.generation);
    const position = descriptor.inodeTable * volume.blockSize + byteOffset;
    if (volume.hasChecksums) {
      const computed = inodeChecksum(seed, bytes, at, inodeSize);
      volume.checkChecksum(thing, fields.checksum, computed, position);
    }
    if (fields.extraIsize % 4 !== 0 || fields.extraIsize > inodeSize - INODE_GOOD_OLD_SIZE) {
      throw volume.corrupt(
        thing,
        `extra size is ${fields.extraIsize}`,
        `a multiple of 4 up to ${inodeSize - INODE_GOOD_OLD_SIZE}`,
        position,
      );
    }
    return { number, fields, bytes, view, at, blockAt: at + INODE_BLOCK_OFFSET, seed };
  }

  #window(tableBlock: number, offset: number, windowSize: number): ViewedBytes {
    const { blockSize, superblock } = this.#volume;
    const block = tableBlock + offset / blockSize;
    const known = this.#windows.get(block);
    if (known !== undefined) {
      this.#windows.delete(block);
      this.#windows.set(block, known);
      return known;
    }
    const tableSize = superblock.inodesPerGroup * superblock.inodeSize;
    const blockCount = Math.ceil(Math.min(windowSize, tableSize - offset) / blockSize);
    const window = this.#volume.readBlocks(block, blockCount, "inode table");
    this.#windows.set(block, window);
    if (this.#windows.size > WINDOW_COUNT) {
      this.#windows.delete(this.#windows.keys().next().value!);
    }
    return window;
  }
}
