/**
 * Bitmaps and group descriptors: derived from what is still free when everything has its place.
 *
 * @module
 */
import { clearBits, setBits } from "../../bytes/bitmap.ts";
import type { ByteSink } from "../../io/byte_sink.ts";
import { bitmapChecksum, groupDescriptorChecksum, groupDescriptorChecksum16 } from "./checksum.ts";
import { type Geometry, isBackupGroup } from "./geometry.ts";
import {
  GROUP_BLOCK_UNINIT,
  GROUP_INODE_UNINIT,
  GROUP_INODE_ZEROED,
  type GroupDescriptor,
  writeGroupDescriptor,
} from "./group_descriptor.ts";
import { BlockStage } from "./image_bytes.ts";
import type { InodeList } from "./inode_list.ts";
import type { Placement } from "./placement.ts";
import type { Plan } from "./plan.ts";

/** How groups are checked. */
export interface GroupSums {
  /** CRC-32C with `metadata_csum`, CRC-16 with `uninit_bg`, or nothing. */
  readonly kind: "crc32c" | "crc16" | "none";
  /** UUID of the filesystem. */
  readonly uuid: Uint8Array;
  /** Checksum seed of the filesystem. */
  readonly seed: number;
}

/** The descriptors of all groups as they stand on disk. */
export interface GroupTables {
  /** Whole blocks of descriptors. */
  readonly descriptors: Uint8Array<ArrayBuffer>;
  /** Blocks that are free. */
  readonly freeBlocksCount: number;
  /** Inodes that are free. */
  readonly freeInodesCount: number;
}

/** Writes the bitmaps of all groups that need one, and answers the descriptors. */
export function writeGroupTables(
  sink: ByteSink,
  geometry: Geometry,
  plan: Plan,
  placement: Placement,
  list: InodeList,
  sums: GroupSums,
): GroupTables {
  const { blockSize, descriptorSize } = geometry;
  const { groups, inodesPerGroup } = plan;
  const bytes = new Uint8Array(geometry.descriptorBlocks(groups) * blockSize);
  const view = new DataView(bytes.buffer);
  const bitmaps = new BitmapBuilder(geometry, plan, placement, sums, sink);
  const directories = directoryCounts(list, plan);
  let freeBlocksCount = 0;
  for (let group = 0; group < groups; group++) {
    const usedInodes = Math.min(
      Math.max(list.lastNumber - group * inodesPerGroup, 0),
      inodesPerGroup,
    );
    const unusedInodes = inodesPerGroup - usedInodes;
    const isChecked = sums.kind !== "none";
    const descriptor: GroupDescriptor = {
      blockBitmap: placement.blockBitmaps[group],
      inodeBitmap: placement.inodeBitmaps[group],
      inodeTable: placement.inodeTables[group],
      freeBlocksCount: 0,
      freeInodesCount: unusedInodes,
      usedDirectoriesCount: directories[group],
      flags: isChecked ? GROUP_INODE_ZEROED : 0,
      blockBitmapChecksum: 0,
      inodeBitmapChecksum: 0,
      unusedInodesCount: isChecked ? unusedInodes : 0,
      checksum: 0,
    };
    bitmaps.writeBlockBitmap(group, descriptor);
    bitmaps.writeInodeBitmap(usedInodes, descriptor);
    freeBlocksCount += descriptor.freeBlocksCount;
    const at = group * descriptorSize;
    writeGroupDescriptor(view, at, descriptor, descriptorSize);
    const checksum = descriptorSum(sums, group, bytes, at, descriptorSize);
    view.setUint16(at + 0x1e, checksum, true); // bg_checksum
  }
  bitmaps.flush();
  const freeInodesCount = groups * inodesPerGroup - list.lastNumber;
  return { descriptors: bytes, freeBlocksCount, freeInodesCount };
}

function descriptorSum(
  { kind, uuid, seed }: GroupSums,
  group: number,
  bytes: Uint8Array,
  at: number,
  size: number,
): number {
  switch (kind) {
    case "crc32c":
      return groupDescriptorChecksum(seed, group, bytes, at, size);
    case "crc16":
      return groupDescriptorChecksum16(uuid, group, bytes, at, size);
    case "none":
      return 0;
  }
}

/** Directories of each group. */
function directoryCounts(list: InodeList, plan: Plan): Uint32Array {
  const counts = new Uint32Array(plan.groups);
  for (const { number } of list.directories) {
    counts[Math.floor((number - 1) / plan.inodesPerGroup)]++;
  }
  return counts;
}

/** Makes bitmaps group by group, walking along the free ranges. */
class BitmapBuilder {
  readonly #geometry: Geometry;
  readonly #plan: Plan;
  readonly #placement: Placement;
  readonly #sums: GroupSums;
  // Bitmaps of a flex group lie side by side, so each kind leaves in few writes.
  readonly #blockStage: BlockStage;
  readonly #inodeStage: BlockStage;
  readonly #ranges: Iterator<{ start: number; end: number }>;
  #start = Infinity;
  #end = Infinity;

  constructor(
    geometry: Geometry,
    plan: Plan,
    placement: Placement,
    sums: GroupSums,
    sink: ByteSink,
  ) {
    this.#geometry = geometry;
    this.#plan = plan;
    this.#placement = placement;
    this.#sums = sums;
    this.#blockStage = new BlockStage(sink, geometry.blockSize);
    this.#inodeStage = new BlockStage(sink, geometry.blockSize);
    this.#ranges = placement.space.ranges();
    this.#nextRange();
  }

  writeBlockBitmap(group: number, descriptor: GroupDescriptor): void {
    const { blockSize, blocksPerGroup } = this.#geometry;
    const start = this.#geometry.groupStart(group);
    const end = Math.min(start + blocksPerGroup, this.#plan.blocksCount);
    const free = this.#freeRangesIn(start, end);
    const freeCount = free.reduce((sum, range) => sum + range.end - range.start, 0);
    descriptor.freeBlocksCount = freeCount;
    // The kernel can make the bitmap of a group up itself, but never that of the last one.
    const isLast = group === this.#plan.groups - 1;
    const mayBeUninit = !isLast && this.#sums.kind !== "none";
    if (mayBeUninit && end - start - freeCount === this.#ownBlocks(group, start, end)) {
      descriptor.flags |= GROUP_BLOCK_UNINIT;
      return;
    }
    const at = this.#blockStage.open(descriptor.blockBitmap);
    const { bytes } = this.#blockStage;
    setBits(bytes, at, 0, blocksPerGroup);
    for (const range of free) clearBits(bytes, at, range.start - start, range.end - start);
    descriptor.blockBitmapChecksum = this.#bitmapSum(bytes, at, blockSize);
  }

  writeInodeBitmap(usedInodes: number, descriptor: GroupDescriptor): void {
    if (usedInodes === 0 && this.#sums.kind !== "none") {
      descriptor.flags |= GROUP_INODE_UNINIT;
      return;
    }
    const { blockSize } = this.#geometry;
    const { inodesPerGroup } = this.#plan;
    const at = this.#inodeStage.open(descriptor.inodeBitmap);
    const { bytes } = this.#inodeStage;
    setBits(bytes, at, 0, usedInodes);
    setBits(bytes, at, inodesPerGroup, 8 * blockSize); // behind the group's inodes
    descriptor.inodeBitmapChecksum = this.#bitmapSum(bytes, at, inodesPerGroup / 8);
  }

  #bitmapSum(bytes: Uint8Array, at: number, byteCount: number): number {
    const { kind, seed } = this.#sums;
    return kind === "crc32c" ? bitmapChecksum(seed, bytes, at, byteCount) : 0;
  }

  flush(): void {
    this.#blockStage.flush();
    this.#inodeStage.flush();
  }

  /** Blocks of a group that the kernel knows to be in use without a bitmap. */
  #ownBlocks(group: number, start: number, end: number): number {
    const { blockBitmaps, inodeBitmaps, inodeTables } = this.#placement;
    const isInside = (block: number) => block >= start && block < end ? 1 : 0;
    let count = isBackupGroup(group) ? this.#plan.baseBlocks : 0;
    count += isInside(blockBitmaps[group]) + isInside(inodeBitmaps[group]);
    const table = inodeTables[group];
    const tableEnd = table + this.#plan.tableBlocks;
    return count + Math.max(0, Math.min(end, tableEnd) - Math.max(start, table));
  }

  #freeRangesIn(start: number, end: number): { start: number; end: number }[] {
    const found: { start: number; end: number }[] = [];
    while (this.#start < end) {
      found.push({ start: Math.max(start, this.#start), end: Math.min(end, this.#end) });
      if (this.#end > end) break;
      this.#nextRange();
    }
    return found;
  }

  #nextRange(): void {
    const next = this.#ranges.next();
    this.#start = next.done ? Infinity : next.value.start;
    this.#end = next.done ? Infinity : next.value.end;
  }
}
