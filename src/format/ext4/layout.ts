/**
 * From plan to places: tries layouts until one has room for everything, and says what is missing
 * where a fixed size has not.
 *
 * @module
 */
import { divideUp } from "../../bytes/align.ts";
import { ImageError } from "../../image_error.ts";
import { backupGroups, type Geometry } from "./geometry.ts";
import { GROUP_DESCRIPTOR_SIZE_64 } from "./group_descriptor.ts";
import { JOURNAL_INODE } from "./inode.ts";
import type { MetadataItem } from "./metadata_item.ts";
import type { ResolvedOptions } from "./options.ts";
import { type Placement, placeMetadata } from "./placement.ts";
import {
  type InodeWish,
  type Plan,
  planForFree,
  type PlanInput,
  plansForSize,
  reservedBlocksOf,
} from "./plan.ts";
import type { TrimmedData } from "./released_blocks.ts";
import { reservedDescriptorBlocks } from "./resize_inode.ts";

/** Bytes that are kept for descriptors at the start of every backup group while the size is open. */
const MIN_GAP_SIZE = 1024 * 1024;
/** The same for the smallest images: enough for 450 groups. */
const MIN_GAP_SIZE_READ_ONLY = 32 * 1024;
/** How many times what is expected may come: the guess is off, and metadata comes on top. */
const EXPECTED_FACTOR = 4;
/** Room that is left free where nobody says how much. */
const DEFAULT_FREE_PERCENT = 10;
const DEFAULT_FREE_MIN = 64 * 1024 * 1024;

/** Where everything of an image has its place. */
export interface Layout {
  /** Sizes and counts. */
  readonly plan: Plan;
  /** Places of the tables. */
  readonly placement: Placement;
  /** Metadata, each with its place. */
  readonly items: readonly MetadataItem[];
}

/** What is laid out. */
export interface LayoutInput {
  /** Sizes of blocks, groups and structs. */
  readonly geometry: Geometry;
  /** Options of the user. */
  readonly options: ResolvedOptions;
  /** Blocks of the filesystem, `null` for as many as needed. */
  readonly fixedBlocks: number | null;
  /** Blocks that were kept free at the start of each backup group. */
  readonly gapBlocks: number;
  /** Whether descriptor blocks are reserved for growth. */
  readonly hasResizeInode: boolean;
  /** File data. */
  readonly data: TrimmedData;
  /** Metadata. */
  readonly items: readonly MetadataItem[];
  /** Number of the last inode. */
  readonly lastInode: number;
}

/**
 * Blocks to keep free at the start of every backup group, for a superblock and the descriptors:
 * exact for a fixed size, else enough for four times what is expected, and 1 MiB at least (32 KiB
 * where nothing may be spare).
 * Throws `ImageError` `LIMIT_EXCEEDED` for a size whose descriptors fill a group.
 */
export function gapBlocksFor(
  geometry: Geometry,
  fixedBlocks: number | null,
  expectedBytes: number,
  options: ResolvedOptions,
  hasResizeInode: boolean,
): number {
  const most = Math.floor(geometry.blocksPerGroup * 3 / 4);
  if (fixedBlocks !== null) {
    const gap = 1 + geometry.descriptorBlocks(geometry.groupCount(fixedBlocks));
    const reserved = hasResizeInode ? reservedDescriptorBlocks(geometry, fixedBlocks) : 0;
    if (gap <= most) return Math.min(most, gap + reserved);
    throw new ImageError(
      "LIMIT_EXCEEDED",
      `Cannot make an image of ${options.size} bytes: its descriptors take ${gap} blocks, ` +
        `expected at most ${most} with blocks of ${geometry.blockSize}`,
    );
  }
  const { free } = options;
  const expected = EXPECTED_FACTOR * Math.max(0, expectedBytes);
  const freeBytes = free === null
    ? DEFAULT_FREE_MIN
    : "bytes" in free
    ? free.bytes
    : expected * free.percent / 100;
  const blocks = divideUp(expected + freeBytes, geometry.blockSize);
  const gap = 1 + geometry.descriptorBlocks(geometry.groupCount(blocks + 1));
  const least = options.isReadOnly ? MIN_GAP_SIZE_READ_ONLY : MIN_GAP_SIZE;
  return Math.min(most, Math.max(least / geometry.blockSize, gap));
}

/**
 * Decides the layout and gives every item its place. Throws `ImageError` `OUT_OF_SPACE` where a
 * fixed size is too small, `LIMIT_EXCEEDED` where the gaps cannot hold the descriptors.
 */
export function decideLayout(input: LayoutInput): Layout {
  const { geometry, fixedBlocks } = input;
  const metadataBlocks = input.items.reduce(
    (sum, item) => sum + item.blockCount(geometry.blockSize),
    0,
  );
  const planInput: PlanInput = {
    geometry,
    gapBlocks: input.gapBlocks,
    hasResizeInode: input.hasResizeInode,
    dataEnd: input.data.dataEnd,
    dataBlocks: input.data.dataBlocks,
    metadataBlocks,
    lastInode: input.lastInode,
    inodes: inodeWish(input.options),
    reservedPercent: input.options.reservedPercent,
  };
  if (fixedBlocks === null) {
    const layout = growUntilFree(input, planInput, freeBlocksOf(input, planInput));
    checkGap(input, layout.plan);
    checkBlockNumbers(geometry, layout.plan.blocksCount);
    return layout;
  }
  checkBlockNumbers(geometry, fixedBlocks);
  for (const plan of plansForSize(planInput, fixedBlocks)) {
    const layout = place(input, plan);
    if (layout !== null) return layout;
  }
  throw outOfSpace(input, planInput, fixedBlocks);
}

/** How many inodes the options ask for. */
export function inodeWish(options: ResolvedOptions): InodeWish {
  return { least: options.inodes, ratio: options.inodeRatio };
}

/** The smallest layout that has `free` blocks left when everything has its place. */
function growUntilFree(input: LayoutInput, planInput: PlanInput, free: number): Layout {
  // Scattered gaps may be of no use for a table, so that more is needed than the blocks' sum.
  for (let more = 0;; more = Math.max(1, 2 * more)) {
    const plan = planForFree(planInput, free + more);
    const reserved = reservedBlocksOf(plan.blocksCount, planInput.reservedPercent);
    const layout = place(input, plan);
    if (layout !== null && layout.placement.space.freeCount >= free + reserved) return layout;
  }
}

function place(input: LayoutInput, plan: Plan): Layout | null {
  const { geometry, data, gapBlocks, items } = input;
  const placement = placeMetadata(geometry, plan, { ...data, gapBlocks }, items);
  return placement === null ? null : { plan, placement, items };
}

function checkGap(input: LayoutInput, plan: Plan): void {
  if (plan.baseBlocks <= input.gapBlocks) return;
  const { blockSize } = input.geometry;
  throw new ImageError(
    "LIMIT_EXCEEDED",
    `Cannot describe an image of ${plan.blocksCount * blockSize} bytes: its descriptors take ` +
      `${plan.baseBlocks} blocks, expected at most the ${input.gapBlocks} that were kept free ` +
      "before its size was known; give the size (--size)",
  );
}

/** Without `64bit`, block numbers have 32 bits. */
function checkBlockNumbers(geometry: Geometry, blocksCount: number): void {
  if (geometry.descriptorSize >= GROUP_DESCRIPTOR_SIZE_64 || blocksCount < 2 ** 32) return;
  throw new ImageError(
    "LIMIT_EXCEEDED",
    `Cannot make an image of ${blocksCount} blocks, expected less than ${2 ** 32} without 64bit`,
  );
}

function outOfSpace(input: LayoutInput, planInput: PlanInput, fixedBlocks: number): ImageError {
  const { geometry, gapBlocks } = input;
  const { plan } = growUntilFree(input, { ...planInput, reservedPercent: 0 }, 0);
  // Descriptors of the larger image push the data back, and so they ask for still more.
  let blocks = Math.max(plan.blocksCount, fixedBlocks + 1);
  for (let before = 0; before !== blocks;) {
    before = blocks;
    const groups = geometry.groupCount(blocks);
    const reserved = input.hasResizeInode ? reservedDescriptorBlocks(geometry, blocks) : 0;
    const base = 1 + geometry.descriptorBlocks(groups) + reserved;
    const pushed = Math.max(0, base - Math.min(gapBlocks, plan.baseBlocks));
    const needed = plan.blocksCount + pushed * (backupGroups(groups).length + 1);
    blocks = Math.max(blocks, needed);
  }
  const size = input.options.size!;
  const needed = blocks * geometry.blockSize;
  return new ImageError(
    "OUT_OF_SPACE",
    `Cannot fit the content into an image of ${size} bytes: ${needed - size} bytes are missing, ` +
      `expected a size of at least ${needed}`,
  );
}

function freeBlocksOf(input: LayoutInput, planInput: PlanInput): number {
  const { geometry, options } = input;
  // The journal is no content.
  const journal = input.items.find(({ number }) => number === JOURNAL_INODE);
  const used = planInput.dataBlocks + planInput.metadataBlocks - (journal?.dataBlocks ?? 0) +
    divideUp(planInput.lastInode, geometry.inodesPerBlock);
  const { free } = options;
  if (free === null) {
    const least = DEFAULT_FREE_MIN / geometry.blockSize;
    return Math.max(least, Math.ceil(used * DEFAULT_FREE_PERCENT / 100));
  }
  return "bytes" in free
    ? divideUp(free.bytes, geometry.blockSize)
    : Math.ceil(used * free.percent / 100);
}
