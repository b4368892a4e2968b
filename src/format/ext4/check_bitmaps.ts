/**
 * The bitmaps of the groups, bit by bit, and the counts that stand in descriptors and superblock
 * (`e2fsck`, pass 5).
 *
 * @module
 */
import { BlockClaims, type ClaimedRun } from "./block_claims.ts";
import { bitmapChecksum } from "./checksum.ts";
import type { CheckedImage } from "./check_image.ts";
import type { GroupUse } from "./check_inodes.ts";
import type { CheckReport } from "./check_report.ts";
import { RoCompatFeature } from "./features.ts";
import {
  GROUP_BLOCK_UNINIT,
  GROUP_DESCRIPTOR_SIZE_32,
  GROUP_INODE_UNINIT,
} from "./group_descriptor.ts";
import { STATE_CLEAN } from "./superblock.ts";

/** Checks bitmaps and counts. */
export class BitmapCheck {
  readonly #image: CheckedImage;
  readonly #report: CheckReport;
  #freeClusters = 0;
  #freeInodes = 0;

  /** Prepares to check the bitmaps of an image. */
  constructor(image: CheckedImage, report: CheckReport) {
    this.#image = image;
    this.#report = report;
  }

  /** Compares the inode bitmap of a group, and its counts, with what is in use. */
  checkInodes(group: number, { used, directories }: GroupUse): void {
    const { volume, groups } = this.#image;
    const { inodesPerGroup } = volume.superblock;
    const descriptor = groups.descriptor(group);
    const free = inodesPerGroup - used.size;
    this.#freeInodes += free;
    this.#checkCount(group, "free inodes", descriptor.freeInodesCount, free);
    this.#checkCount(group, "directories", descriptor.usedDirectoriesCount, directories);
    const expected = new Uint8Array(volume.blockSize);
    for (const index of used) setBits(expected, index, index + 1);
    if (groups.hasChecksums && (descriptor.flags & GROUP_INODE_UNINIT) !== 0) {
      if (used.size > 0) {
        this.#report.wrong(`group ${group}`, "its inodes are said to be unused", `${used.size}`);
      }
      return;
    }
    const stored = this.#readBitmap(
      `inode bitmap of group ${group}`,
      descriptor.inodeBitmap,
      inodesPerGroup,
      descriptor.inodeBitmapChecksum,
    );
    this.#compare(
      `inode bitmap of group ${group}`,
      "inode",
      group * inodesPerGroup + 1,
      { stored, expected, bitCount: inodesPerGroup },
      descriptor.inodeBitmap,
    );
  }

  /** Compares the block bitmaps of all groups with what is claimed, in ascending order. */
  *checkBlocks(runs: Iterable<ClaimedRun>): Generator<void, void> {
    const { volume, groups } = this.#image;
    const { superblock, clusterRatio, groupCount } = volume;
    const { clustersPerGroup, firstDataBlock, blocksCount } = superblock;
    const claimed = new RunCursor(this.#reportShared(runs), firstDataBlock);
    const metadata = new RunCursor(this.#metadataRuns(), firstDataBlock);
    const clusterCount = Math.ceil((blocksCount - firstDataBlock) / clusterRatio);
    for (let group = 0; group < groupCount; group++) {
      yield;
      const first = group * clustersPerGroup;
      const bitCount = Math.min(clustersPerGroup, clusterCount - first);
      const expected = new Uint8Array(volume.blockSize);
      const used = claimed.fill(expected, first, bitCount);
      const own = new Uint8Array(volume.blockSize);
      metadata.fill(own, first, bitCount);
      this.#freeClusters += bitCount - used;
      const descriptor = groups.descriptor(group);
      this.#checkCount(group, "free blocks", descriptor.freeBlocksCount, bitCount - used);
      const isUninit = groups.hasChecksums && (descriptor.flags & GROUP_BLOCK_UNINIT) !== 0;
      const thing = `block bitmap of group ${group}`;
      this.#report.attempt(() => {
        const stored = isUninit ? own : this.#readBitmap(
          thing,
          descriptor.blockBitmap,
          clustersPerGroup,
          descriptor.blockBitmapChecksum,
        );
        if (!isUninit) this.#checkPadding(thing, stored, bitCount, descriptor.blockBitmap);
        this.#compare(
          thing,
          clusterRatio === 1 ? "block" : "cluster",
          firstDataBlock + first,
          { stored, expected, bitCount },
          descriptor.blockBitmap,
        );
      });
    }
  }

  /** Compares the sums of all groups with those in the superblock. */
  checkSums(): void {
    const { volume, isReplayed } = this.#image;
    const { freeBlocksCount, freeInodesCount, state } = volume.superblock;
    // What the kernel changes with every file it writes back only when it unmounts.
    if (isReplayed || (state & STATE_CLEAN) === 0) return;
    const freeBlocks = this.#freeClusters * volume.clusterRatio;
    const wrong = (what: string, stored: number, expected: number) => {
      if (stored !== expected) this.#report.wrong("superblock", `${stored} ${what}`, `${expected}`);
    };
    wrong("free blocks", freeBlocksCount, freeBlocks);
    wrong("free inodes", freeInodesCount, this.#freeInodes);
  }

  *#reportShared(runs: Iterable<ClaimedRun>): Generator<ClaimedRun> {
    const { volume } = this.#image;
    const mayShare = (volume.superblock.featureRoCompat & RoCompatFeature.sharedBlocks) !== 0;
    for (const run of runs) {
      if (run.ownerCount > 1 && !mayShare) {
        const offset = run.start * volume.clusterRatio * volume.blockSize;
        const blocks = `blocks ${run.start * volume.clusterRatio} to ${
          run.end * volume.clusterRatio - 1
        }`;
        this.#report.wrong(blocks, `they are claimed ${run.ownerCount} times`, "once", offset);
      }
      yield run;
    }
  }

  #metadataRuns(): Iterable<ClaimedRun> {
    const { volume, groups } = this.#image;
    const claims = new BlockClaims(true, volume.clusterRatio);
    groups.eachMetadata((block, count) => claims.add(block, count));
    claims.endOwner();
    return claims.runs();
  }

  #readBitmap(thing: string, block: number, bitCount: number, checksum: number): Uint8Array {
    const { volume } = this.#image;
    const { bytes } = volume.readBlock(block, thing);
    if (volume.hasChecksums) {
      let computed = bitmapChecksum(volume.seed, bytes, 0, bitCount / 8);
      if (volume.descriptorSize === GROUP_DESCRIPTOR_SIZE_32) computed &= 0xffff;
      const position = block * volume.blockSize;
      this.#report.attempt(() => volume.checkChecksum(thing, checksum, computed, position));
    }
    return bytes;
  }

  #compare(
    thing: string,
    unit: string,
    firstNumber: number,
    { stored, expected, bitCount }: {
      stored: Uint8Array;
      expected: Uint8Array;
      bitCount: number;
    },
    block: number,
  ): void {
    let differences = 0;
    let firstBit = -1;
    for (let i = 0; i < Math.ceil(bitCount / 8); i++) {
      if (stored[i] === expected[i]) continue;
      for (let bit = 8 * i; bit < Math.min(8 * i + 8, bitCount); bit++) {
        if (isSet(stored, bit) === isSet(expected, bit)) continue;
        differences++;
        if (firstBit < 0) firstBit = bit;
      }
    }
    const { blockSize } = this.#image.volume;
    if (differences > 0) {
      const state = isSet(expected, firstBit) ? "free" : "in use";
      const right = isSet(expected, firstBit) ? "in use" : "free";
      const more = differences === 1 ? "" : ` (and ${differences - 1} more are wrong)`;
      this.#report.wrong(
        thing,
        `${unit} ${firstNumber + firstBit} is ${state}${more}`,
        right,
        block * blockSize,
      );
    }
    if (unit === "inode") this.#checkPadding(thing, stored, bitCount, block);
  }

  #checkPadding(thing: string, stored: Uint8Array, bitCount: number, block: number): void {
    let free = 0;
    for (let bit = bitCount; bit < 8 * stored.length; bit++) if (!isSet(stored, bit)) free++;
    if (free === 0) return;
    const position = block * this.#image.volume.blockSize;
    this.#report.wrong(thing, `${free} bits behind its end are free`, "none", position);
  }

  #checkCount(group: number, what: string, stored: number, expected: number): void {
    if (stored === expected) return;
    this.#report.wrong(`descriptor of group ${group}`, `${stored} ${what}`, `${expected}`);
  }
}

/** Goes through ascending runs of clusters, group by group. */
class RunCursor {
  readonly #runs: Iterator<ClaimedRun>;
  readonly #firstCluster: number;
  #run: ClaimedRun | null;

  constructor(runs: Iterable<ClaimedRun>, firstCluster: number) {
    this.#runs = runs[Symbol.iterator]();
    this.#firstCluster = firstCluster;
    this.#run = this.#next();
  }

  /** Sets the bits of clusters from `first` (counted from the first group) on; answers how many. */
  fill(bits: Uint8Array, first: number, bitCount: number): number {
    const start = this.#firstCluster + first;
    let count = 0;
    while (this.#run !== null && this.#run.start < start + bitCount) {
      const from = Math.max(this.#run.start - start, 0);
      const to = Math.min(this.#run.end - start, bitCount);
      if (to > from) {
        setBits(bits, from, to);
        count += to - from;
      }
      if (this.#run.end > start + bitCount) break;
      this.#run = this.#next();
    }
    return count;
  }

  #next(): ClaimedRun | null {
    const next = this.#runs.next();
    return next.done === true ? null : next.value;
  }
}

function isSet(bits: Uint8Array, bit: number): boolean {
  return (bits[bit >>> 3] & 1 << (bit & 7)) !== 0;
}

function setBits(bits: Uint8Array, start: number, end: number): void {
  let bit = start;
  while (bit < end) {
    if (bit % 8 === 0 && end - bit >= 8) {
      const last = bit + Math.floor((end - bit) / 8) * 8;
      bits.fill(0xff, bit / 8, last / 8);
      bit = last;
    } else {
      bits[bit >>> 3] |= 1 << (bit & 7);
      bit++;
    }
  }
}
