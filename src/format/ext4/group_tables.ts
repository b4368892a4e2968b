/**
 * Bitmaps and group descriptors: derived from what is still free when everything has its place.
 *
 * @module
 */
import { clearBits, setBits } from "../../bytes/bitmap.ts";
import type { ByteSink } from "../../io/byte_sink.ts";
import { bitmapChecksum, groupDescriptorChecksum } from "./checksum.ts";
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
  seed: number,
): GroupTables {
  const { blockSize, descriptorSize } = geometry;
  const { groups, inodesPerGroup } = plan;
  const bytes = new Uint8Array(geometry.descriptorBlocks(groups) * blockSize);
  const view = new DataView(bytes.buffer);
  const bitmaps = new BitmapBuilder(geometry, plan, placement, seed, sink);
  const directories = directoryCounts(list, plan);
  let freeBlocksCount = 0;
  for (let group = 0; group < groups; group++) {
    const usedInodes = Math.min(
      Math.max(list.lastNumber - group * inodesPerGroup, 0),
      inodesPerGroup,
    );
    const descriptor: GroupDescriptor = {
      blockBitmap: placement.blockBitmaps[group],
      inodeBitmap: placement.inodeBitmaps[group],
      inodeTable: placement.inodeTables[group],
      freeBlocksCount: 0,
      freeInodesCount: inodesPerGroup - usedInodes,
      usedDirectoriesCount: directories[group],
      flags: GROUP_INODE_ZEROED,
      blockBitmapChecksum: 0,
      inodeBitmapChecksum: 0,
      unusedInodesCount: inodesPerGroup - usedInodes,
      checksum: 0,
    };
    bitmaps.writeBlockBitmap(group, descriptor);
    bitmaps.writeInodeBitmap(usedInodes, descriptor);
    freeBlocksCount += descriptor.freeBlocksCount;
    const at = group * descriptorSize;
    writeGroupDescriptor(view, at, descriptor, descriptorSize);
    const checksum = groupDescriptorChecksum(seed, group, bytes, at, descriptorSize);
    view.setUint16(at + 0x1e, checksum, true); // bg_checksum
  }
  bitmaps.flush();
  const freeInodesCount = groups * inodesPerGroup - list.lastNumber;
  return { descriptors: bytes, freeBlocksCount, freeInodesCount };
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
  readonly #seed: number;
  // Bitmaps of a flex group lie side by side, so each kind leaves in few writes.
  readonly #blockStage: BlockStage;
  readonly #inodeStage: BlockStage;
  readonly #ranges: Iterator<{ start: number; end: number }>;
  #start = Infinity;
  #end = Infinity;

  constructor(geometry: Geometry, plan: Plan, placement: Placement, seed: number, sink: ByteSink) {
    this.#geometry = geometry;
    this.#plan = plan;
    this.#placement = placement;
    this.#seed = seed;
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
    if (!isLast && end - start - freeCount === this.#ownBlocks(group, start, end)) {
      descriptor.flags |= GROUP_BLOCK_UNINIT;
      return;
    }
    const at = this.#blockStage.open(descriptor.blockBitmap);
    const { bytes } = this.#blockStage;
    setBits(bytes, at, 0, blocksPerGroup);
    for (const range of free) clearBits(bytes, at, range.start - start, range.end - start);
    descriptor.blockBitmapChecksum = bitmapChecksum(this.#seed, bytes, at, blockSize);
  }

  writeInodeBitmap(usedInodes: number, descriptor: GroupDescriptor): void {
    if (usedInodes === 0) {
      descriptor.flags |= GROUP_INODE_UNINIT;
      return;
    }
    const { blockSize } = this.#geometry;
    const { inodesPerGroup } = this.#plan;
    const at = this.#inodeStage.open(descriptor.inodeBitmap);
    const { bytes } = this.#inodeStage;
    setBits(bytes, at, 0, usedInodes);
    setBits(bytes, at, inodesPerGroup, 8 * blockSize); // behind the group's inodes
    const byteCount = inodesPerGroup / 8;
    descriptor.inodeBitmapChecksum = bitmapChecksum(this.#seed, bytes, at, byteCount);
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
