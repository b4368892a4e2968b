/**
 * The group descriptors of an image and the bitmaps they name, all verified.
 *
 * @module
 */
import { divideUp } from "../../bytes/align.ts";
import { bitmapChecksum, groupDescriptorChecksum, groupDescriptorChecksum16 } from "./checksum.ts";
import { CompatFeature, RoCompatFeature } from "./features.ts";
import { isBackupGroup } from "./geometry.ts";
import {
  GROUP_BLOCK_UNINIT,
  GROUP_DESCRIPTOR_SIZE_32,
  GROUP_INODE_UNINIT,
  type GroupDescriptor,
  readGroupDescriptor,
} from "./group_descriptor.ts";
import type { Ext4Volume, ViewedBytes } from "./reader_volume.ts";
import type { Superblock } from "./superblock.ts";

/** The groups of an image. */
export class Ext4Groups {
  readonly #volume: Ext4Volume;
  readonly #table: ViewedBytes;
  readonly #tableBlock: number;

  /** Reads the descriptors and verifies them and all bitmaps; throws `ImageError` `CORRUPT`. */
  constructor(volume: Ext4Volume) {
    this.#volume = volume;
    const { superblock, groupCount, descriptorSize, blockSize } = volume;
    const blockCount = divideUp(groupCount * descriptorSize, blockSize);
    if (blockCount >= superblock.blocksPerGroup) {
      throw volume.corrupt(
        "group descriptors",
        `they take ${blockCount} blocks`,
        `fewer than a group has (${superblock.blocksPerGroup})`,
      );
    }
    this.#tableBlock = superblock.firstDataBlock + 1;
    this.#table = volume.readBlocks(this.#tableBlock, blockCount, "group descriptors");
    let freeBlocks = 0;
    let freeInodes = 0;
    for (let group = 0; group < groupCount; group++) {
      const descriptor = this.descriptor(group);
      this.#verify(group, descriptor);
      this.#claim(group, descriptor, blockCount);
      freeBlocks += descriptor.freeBlocksCount;
      freeInodes += descriptor.freeInodesCount;
    }
    if (freeBlocks !== superblock.freeBlocksCount || freeInodes !== superblock.freeInodesCount) {
      throw volume.corrupt(
        "superblock",
        `it counts ${superblock.freeBlocksCount} free blocks and ` +
          `${superblock.freeInodesCount} free inodes`,
        `${freeBlocks} and ${freeInodes}, the sums of the groups`,
      );
    }
  }

  /** The descriptor of a group. */
  descriptor(group: number): GroupDescriptor {
    const { descriptorSize } = this.#volume;
    return readGroupDescriptor(this.#table.view, group * descriptorSize, descriptorSize);
  }

  #verify(group: number, descriptor: GroupDescriptor): void {
    const volume = this.#volume;
    const { superblock, blockSize } = volume;
    const thing = `descriptor of group ${group}`;
    const position = this.#tableBlock * blockSize + group * volume.descriptorSize;
    const computed = this.#checksum(group);
    if (computed !== null) volume.checkChecksum(thing, descriptor.checksum, computed, position);
    volume.checkBlocks(descriptor.blockBitmap, 1, thing);
    volume.checkBlocks(descriptor.inodeBitmap, 1, thing);
    const tableBlocks = divideUp(superblock.inodesPerGroup * superblock.inodeSize, blockSize);
    volume.checkBlocks(descriptor.inodeTable, tableBlocks, thing);
    if (descriptor.unusedInodesCount > superblock.inodesPerGroup) {
      throw volume.corrupt(
        thing,
        `${descriptor.unusedInodesCount} unused inodes`,
        `at most ${superblock.inodesPerGroup}`,
        position,
      );
    }
    const uninit = descriptor.flags & (GROUP_BLOCK_UNINIT | GROUP_INODE_UNINIT);
    const mayBeUninit = volume.hasChecksums ||
      (superblock.featureRoCompat & RoCompatFeature.uninitBg) !== 0;
    if (uninit !== 0 && !mayBeUninit) {
      throw volume.corrupt(thing, `flags are ${descriptor.flags}`, "none", position);
    }
    if ((uninit & GROUP_BLOCK_UNINIT) === 0) this.#verifyBlockBitmap(group, descriptor);
    if ((uninit & GROUP_INODE_UNINIT) === 0) this.#verifyInodeBitmap(group, descriptor);
  }

  /** Claims the tables of a group, and its copy of superblock and descriptors. */
  #claim(group: number, descriptor: GroupDescriptor, tableBlocks: number): void {
    const volume = this.#volume;
    const { superblock } = volume;
    const thing = `group ${group}`;
    volume.claim(descriptor.blockBitmap, 1, thing);
    volume.claim(descriptor.inodeBitmap, 1, thing);
    const inodeBytes = superblock.inodesPerGroup * superblock.inodeSize;
    volume.claim(descriptor.inodeTable, divideUp(inodeBytes, volume.blockSize), thing);
    if (!hasSuperblock(superblock, group)) return;
    const start = superblock.firstDataBlock + group * superblock.blocksPerGroup;
    volume.claim(start, 1 + tableBlocks + superblock.reservedGdtBlocks, thing);
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

  #verifyBlockBitmap(group: number, descriptor: GroupDescriptor): void {
    const { superblock } = this.#volume;
    const { blocksPerGroup } = superblock;
    const groupStart = superblock.firstDataBlock + group * blocksPerGroup;
    this.#verifyBitmap(
      `block bitmap of group ${group}`,
      descriptor.blockBitmap,
      Math.min(blocksPerGroup, superblock.blocksCount - groupStart),
      descriptor.freeBlocksCount,
      descriptor.blockBitmapChecksum,
      blocksPerGroup / 8,
    );
  }

  #verifyInodeBitmap(group: number, descriptor: GroupDescriptor): void {
    const { inodesPerGroup } = this.#volume.superblock;
    this.#verifyBitmap(
      `inode bitmap of group ${group}`,
      descriptor.inodeBitmap,
      inodesPerGroup,
      descriptor.freeInodesCount,
      descriptor.inodeBitmapChecksum,
      inodesPerGroup / 8,
    );
  }

  #verifyBitmap(
    thing: string,
    block: number,
    bitCount: number,
    freeCount: number,
    checksum: number,
    checksumBytes: number,
  ): void {
    const volume = this.#volume;
    const { bytes } = volume.readBlock(block, thing);
    const position = block * volume.blockSize;
    if (volume.hasChecksums) {
      let computed = bitmapChecksum(volume.seed, bytes, 0, checksumBytes);
      if (volume.descriptorSize === GROUP_DESCRIPTOR_SIZE_32) computed &= 0xffff;
      volume.checkChecksum(thing, checksum, computed, position);
    }
    const free = zeroBits(bytes, 0, bitCount);
    if (free !== freeCount) {
      throw volume.corrupt(thing, `${free} bits are free`, `${freeCount}`, position);
    }
    const padding = zeroBits(bytes, bitCount, 8 * bytes.length);
    if (padding !== 0) {
      throw volume.corrupt(thing, `${padding} bits behind its end are free`, "none", position);
    }
  }
}

/** How many of the bits `[start, end)` are 0, lowest bit of a byte first. */
function zeroBits(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  let bit = start;
  while (bit < end) {
    if (bit % 8 === 0 && end - bit >= 8) {
      let ones = bytes[bit / 8];
      ones -= (ones >> 1) & 0x55;
      ones = (ones & 0x33) + ((ones >> 2) & 0x33);
      count += 8 - ((ones + (ones >> 4)) & 0x0f);
      bit += 8;
    } else {
      if ((bytes[bit >> 3] >> (bit & 7) & 1) === 0) count++;
      bit++;
    }
  }
  return count;
}

/** Whether a group begins with a superblock and the descriptors. */
function hasSuperblock(superblock: Superblock, group: number): boolean {
  const { featureCompat, featureRoCompat, backupGroup0, backupGroup1 } = superblock;
  if ((featureCompat & CompatFeature.sparseSuper2) !== 0) {
    return group === 0 || group === backupGroup0 || group === backupGroup1;
  }
  return (featureRoCompat & RoCompatFeature.sparseSuper) === 0 || isBackupGroup(group);
}
