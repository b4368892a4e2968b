/**
 * The inodes of an image by number, verified.
 *
 * @module
 */
import { divideUp } from "../../bytes/align.ts";
import { inodeChecksum, inodeSeed } from "./checksum.ts";
import { type DiskInode, INODE_BLOCK_OFFSET, INODE_GOOD_OLD_SIZE, readInode } from "./inode.ts";
import type { Ext4Groups } from "./reader_groups.ts";
import type { Ext4Volume, ViewedBytes } from "./reader_volume.ts";

/** Bytes of an inode table that are read at once where it is read in order. */
const READ_AHEAD_SIZE = 64 * 1024;
/** Bytes of inode tables that are kept. */
const CACHE_SIZE = 4 * 1024 * 1024;

/** An inode as it was found. Its bytes are good until the reader reads another. */
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
  /** Where it stands in the image, bytes. */
  readonly position: number;
}

/** Reads inodes. */
export class Ext4Inodes {
  readonly #volume: Ext4Volume;
  readonly #groups: Ext4Groups;
  // Blocks of inode tables; the first is the one that was asked for least recently.
  readonly #blocks = new Map<number, ViewedBytes>();
  readonly #ahead = new Uint8Array(READ_AHEAD_SIZE);
  // The block behind the last one that was read.
  #nextBlock = -1;
  // The block that was asked for last: inodes are mostly read in their order.
  #lastNumber = -1;
  #lastBlock: ViewedBytes | null = null;

  /** Prepares to read the inodes of an image. */
  constructor(volume: Ext4Volume, groups: Ext4Groups) {
    this.#volume = volume;
    this.#groups = groups;
  }

  /** Reads an inode that is in use, and verifies it; throws `ImageError` `CORRUPT`. */
  read(number: number): FoundInode {
    const found = this.find(number);
    this.verify(found);
    return found;
  }

  /** Whether an inode was never written, or was wiped: all its bytes are zero. */
  isBlank(number: number): boolean {
    const { bytes, at } = this.#locate(number);
    const end = at + this.#volume.superblock.inodeSize;
    for (let i = at; i < end; i++) if (bytes[i] !== 0) return false;
    return true;
  }

  /** Reads an inode as it stands; throws `ImageError` `CORRUPT` where there is no such inode. */
  find(number: number): FoundInode {
    const volume = this.#volume;
    const { bytes, view, at, position } = this.#locate(number);
    const fields = readInode(view, at, volume.superblock.inodeSize);
    const seed = volume.hasChecksums ? inodeSeed(volume.seed, number, fields.generation) : 0;
    return { number, fields, bytes, view, at, blockAt: at + INODE_BLOCK_OFFSET, seed, position };
  }

  /** Where an inode stands; throws `ImageError` `CORRUPT`. */
  #locate(number: number): ViewedBytes & { readonly at: number; readonly position: number } {
    const volume = this.#volume;
    const { superblock } = volume;
    if (number < 1 || number > superblock.inodesCount) {
      throw volume.corrupt(
        `inode ${number}`,
        "there is no such inode",
        `1 to ${superblock.inodesCount}`,
      );
    }
    const { inodeSize, inodesPerGroup } = superblock;
    const group = Math.floor((number - 1) / inodesPerGroup);
    const index = (number - 1) % inodesPerGroup;
    const descriptor = this.#groups.descriptor(group);
    if (index >= this.#groups.usableInodes(group)) {
      throw volume.corrupt(
        `inode ${number}`,
        `it is in the unused part of group ${group}`,
        "a used one",
      );
    }
    const byteOffset = index * inodeSize;
    const at = byteOffset % volume.blockSize;
    const block = (byteOffset - at) / volume.blockSize;
    const { bytes, view } = this.#tableBlock(descriptor.inodeTable, block);
    const position = descriptor.inodeTable * volume.blockSize + byteOffset;
    return { bytes, view, at, position };
  }

  /** Throws `ImageError` `CORRUPT` where the checksum or the size of an inode is wrong. */
  verify({ number, fields, bytes, at, seed, position }: FoundInode): void {
    const volume = this.#volume;
    const { inodeSize } = volume.superblock;
    if (volume.hasChecksums) {
      const computed = inodeChecksum(seed, bytes, at, inodeSize);
      // Said only where it is wrong: a message for each of a million inodes takes its time.
      if (fields.checksum !== computed) {
        volume.checkChecksum(`inode ${number}`, fields.checksum, computed, position);
      }
    }
    if (fields.extraIsize % 4 !== 0 || fields.extraIsize > inodeSize - INODE_GOOD_OLD_SIZE) {
      throw volume.corrupt(
        `inode ${number}`,
        `extra size is ${fields.extraIsize}`,
        `a multiple of 4 up to ${inodeSize - INODE_GOOD_OLD_SIZE}`,
        position,
      );
    }
  }

  /** Block `index` of the table that starts at block `table`. */
  #tableBlock(table: number, index: number): ViewedBytes {
    const number = table + index;
    if (number === this.#lastNumber) return this.#lastBlock!;
    let block = this.#blocks.get(number);
    if (block === undefined) {
      block = this.#readTable(table, index);
    } else {
      this.#blocks.delete(number);
    }
    this.#blocks.set(number, block);
    this.#lastNumber = number;
    this.#lastBlock = block;
    return block;
  }

  /** Reads a block, and those behind it where the blocks so far were read in order. */
  #readTable(table: number, index: number): ViewedBytes {
    const { blockSize, superblock } = this.#volume;
    const tableBlocks = divideUp(superblock.inodesPerGroup * superblock.inodeSize, blockSize);
    const isInOrder = table + index === this.#nextBlock;
    const count = isInOrder ? Math.min(READ_AHEAD_SIZE / blockSize, tableBlocks - index) : 1;
    const bytes = this.#ahead.subarray(0, count * blockSize);
    this.#volume.readBlocks(table + index, bytes, "inode table");
    this.#nextBlock = table + index + count;
    let first: ViewedBytes | null = null;
    for (let i = 0; i < count; i++) {
      const block = this.#freeBlock();
      block.bytes.set(bytes.subarray(i * blockSize, (i + 1) * blockSize));
      first ??= block;
      this.#blocks.set(table + index + i, block);
    }
    return first!;
  }

  /**
   * Room for a block: a new one, or that of the block that was asked for least recently. New ones
   * for all would be as much garbage as the tables have bytes before it is worth collecting.
   */
  #freeBlock(): ViewedBytes {
    const { blockSize } = this.#volume;
    if (this.#blocks.size * blockSize < CACHE_SIZE) {
      const bytes = new Uint8Array(blockSize);
      return { bytes, view: new DataView(bytes.buffer) };
    }
    const [number, block] = this.#blocks.entries().next().value!;
    this.#blocks.delete(number);
    return block;
  }
}
