/**
 * The group descriptors of an image, verified.
 *
 * @module
 */
import { divideUp } from "../../bytes/align.ts";
import { groupDescriptorChecksum, groupDescriptorChecksum16 } from "./checksum.ts";
import { IncompatFeature, RoCompatFeature } from "./features.ts";
import {
  GROUP_BLOCK_UNINIT,
  GROUP_INODE_UNINIT,
  type GroupDescriptor,
  readGroupDescriptor,
} from "./group_descriptor.ts";
import { hasSuperblock } from "./reader_geometry.ts";
import type { Ext4Volume, ViewedBytes } from "./reader_volume.ts";

/** Blocks of a group that hold neither its bitmaps nor its inodes nor data. */
export interface GroupHead {
  /** Block of the superblock or its copy, `null` for none. */
  readonly superblock: number | null;
  /** First block of descriptors or their copies. */
  readonly descriptors: number;
  /** How many blocks of descriptors, those reserved for more included. */
  readonly descriptorBlocks: number;
}

/** The groups of an image. */
export class Ext4Groups {
  readonly #volume: Ext4Volume;
  readonly #descriptorsPerBlock: number;
  /** Blocks of descriptors. */
  readonly #tableBlocks: number;
  readonly #table: ViewedBytes;
  // Inodes that are read one after another are of one group.
  #last: GroupDescriptor | null = null;
  #lastGroup = 0;

  /** Reads the descriptors and verifies them; throws `ImageError` `CORRUPT`. */
  constructor(volume: Ext4Volume) {
    this.#volume = volume;
    const { groupCount, descriptorSize, blockSize } = volume;
    this.#descriptorsPerBlock = blockSize / descriptorSize;
    this.#tableBlocks = divideUp(groupCount, this.#descriptorsPerBlock);
    const bytes = new Uint8Array(this.#tableBlocks * blockSize);
    for (let i = 0; i < this.#tableBlocks; i++) {
      bytes.set(
        volume.readBlock(this.#tableBlock(i), "group descriptors").bytes,
        i * blockSize,
      );
    }
    this.#table = { bytes, view: new DataView(bytes.buffer) };
    for (let group = 0; group < groupCount; group++) this.#verify(group);
  }

  /** The descriptor of a group. */
  descriptor(group: number): GroupDescriptor {
    if (this.#last === null || this.#lastGroup !== group) {
      const { descriptorSize } = this.#volume;
      this.#last = readGroupDescriptor(this.#table.view, group * descriptorSize, descriptorSize);
      this.#lastGroup = group;
    }
    return this.#last;
  }

  /** Whether descriptors have checksums, and may say that parts of a group were never written. */
  get hasChecksums(): boolean {
    const { hasChecksums, superblock } = this.#volume;
    return hasChecksums || (superblock.featureRoCompat & RoCompatFeature.uninitBg) !== 0;
  }

  /** How many inodes at the front of a group's table may be in use. */
  usableInodes(group: number): number {
    const { inodesPerGroup } = this.#volume.superblock;
    if (!this.hasChecksums) return inodesPerGroup;
    const { flags, unusedInodesCount } = this.descriptor(group);
    return (flags & GROUP_INODE_UNINIT) !== 0 ? 0 : inodesPerGroup - unusedInodesCount;
  }

  /** Blocks of an inode table. */
  get inodeTableBlocks(): number {
    const { superblock, blockSize } = this.#volume;
    return divideUp(superblock.inodesPerGroup * superblock.inodeSize, blockSize);
  }

  /** First block of a group. */
  groupStart(group: number): number {
    const { firstDataBlock, blocksPerGroup } = this.#volume.superblock;
    return firstDataBlock + group * blocksPerGroup;
  }

  /** What a group begins with (`ext2fs_super_and_bgd_loc2`). */
  head(group: number): GroupHead {
    const { superblock, blockSize } = this.#volume;
    // With clusters of blocks of 1 KiB group 0 begins with the boot block.
    const isBehindBoot = blockSize === 1024 && superblock.firstDataBlock === 0 && group === 0;
    const start = this.groupStart(group) + (isBehindBoot ? 1 : 0);
    const hasCopy = hasSuperblock(superblock, group);
    const next = hasCopy ? start + 1 : start;
    const place = group % this.#descriptorsPerBlock;
    const metaGroup = (group - place) / this.#descriptorsPerBlock;
    let descriptorBlocks = 0;
    if (this.#hasMetaBg && metaGroup >= superblock.firstMetaBg) {
      const isHolder = place <= 1 || place === this.#descriptorsPerBlock - 1;
      descriptorBlocks = isHolder ? 1 : 0;
    } else if (hasCopy) {
      descriptorBlocks = this.#hasMetaBg
        ? superblock.firstMetaBg
        : this.#tableBlocks + superblock.reservedGdtBlocks;
    }
    return { superblock: hasCopy ? start : null, descriptors: next, descriptorBlocks };
  }

  /** Visits the blocks that every group has for itself: its head, its bitmaps and its inodes. */
  eachMetadata(visit: (block: number, count: number, group: number) => void): void {
    for (let group = 0; group < this.#volume.groupCount; group++) {
      const { blockBitmap, inodeBitmap, inodeTable } = this.descriptor(group);
      const { superblock, descriptors, descriptorBlocks } = this.head(group);
      visit(blockBitmap, 1, group);
      visit(inodeBitmap, 1, group);
      visit(inodeTable, this.inodeTableBlocks, group);
      if (superblock !== null) visit(superblock, 1, group);
      if (descriptorBlocks > 0) visit(descriptors, descriptorBlocks, group);
    }
  }

  /**
   * The blocks of descriptors of which a group has copies: all that it begins with, or with
   * `meta_bg` the one of its neighbours. `offset` counts from the first copy.
   */
  *tableBlocks(group: number): Generator<{ index: number; offset: number; block: number }> {
    const metaGroup = Math.floor(group / this.#descriptorsPerBlock);
    if (this.#hasMetaBg && metaGroup >= this.#volume.superblock.firstMetaBg) {
      yield { index: metaGroup, offset: 0, block: this.#tableBlock(metaGroup) };
      return;
    }
    const count = this.#hasMetaBg ? this.#volume.superblock.firstMetaBg : this.#tableBlocks;
    for (let index = 0; index < count; index++) {
      yield { index, offset: index, block: this.#tableBlock(index) };
    }
  }

  get #hasMetaBg(): boolean {
    return (this.#volume.superblock.featureIncompat & IncompatFeature.metaBg) !== 0;
  }

  /** The primary block of descriptors of an index. */
  #tableBlock(index: number): number {
    const { superblock } = this.#volume;
    if (!this.#hasMetaBg || index < superblock.firstMetaBg) {
      return this.head(0).descriptors + index;
    }
    return this.head(index * this.#descriptorsPerBlock).descriptors;
  }

  #verify(group: number): void {
    const volume = this.#volume;
    const { superblock } = volume;
    const descriptor = this.descriptor(group);
    const thing = `descriptor of group ${group}`;
    const index = Math.floor(group / this.#descriptorsPerBlock);
    const position = this.#tableBlock(index) * volume.blockSize +
      group % this.#descriptorsPerBlock * volume.descriptorSize;
    const computed = this.#checksum(group);
    if (computed !== null) volume.checkChecksum(thing, descriptor.checksum, computed, position);
    volume.checkBlocks(descriptor.blockBitmap, 1, thing);
    volume.checkBlocks(descriptor.inodeBitmap, 1, thing);
    volume.checkBlocks(descriptor.inodeTable, this.inodeTableBlocks, thing);
    if (descriptor.unusedInodesCount > superblock.inodesPerGroup) {
      throw volume.corrupt(
        thing,
        `${descriptor.unusedInodesCount} unused inodes`,
        `at most ${superblock.inodesPerGroup}`,
        position,
      );
    }
    const uninit = descriptor.flags & (GROUP_BLOCK_UNINIT | GROUP_INODE_UNINIT);
    if (uninit !== 0 && computed === null) {
      throw volume.corrupt(thing, `flags are ${descriptor.flags}`, "none", position);
    }
  }

  /** What the checksum of a descriptor must be, `null` where there is none. */
  #checksum(group: number): number | null {
    const { hasChecksums, seed, superblock, descriptorSize } = this.#volume;
    const { bytes } = this.#table;
    const at = group * descriptorSize;
    if (hasChecksums) return groupDescriptorChecksum(seed, group, bytes, at, descriptorSize);
    if ((superblock.featureRoCompat & RoCompatFeature.uninitBg) === 0) return null;
    return groupDescriptorChecksum16(superblock.uuid, group, bytes, at, descriptorSize);
  }
}
