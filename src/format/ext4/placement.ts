/**
 * Gives every table and every block of metadata its place in a planned image.
 *
 * @module
 */
import { type BlockRange, FreeSpace } from "./free_space.ts";
import { backupGroups, type Geometry, GROUPS_PER_FLEX } from "./geometry.ts";
import type { MetadataItem } from "./metadata_item.ts";
import type { Plan } from "./plan.ts";

/** What the data phase has left behind. */
export interface DataArea {
  /** The block behind the last in use for file data. */
  readonly dataEnd: number;
  /** Blocks that were kept free at the start of each backup group. */
  readonly gapBlocks: number;
  /** Blocks of dead files below `dataEnd`. */
  readonly released: readonly BlockRange[];
}

/** Where the tables of each group are. */
export interface Placement {
  /** Block bitmap of each group. */
  readonly blockBitmaps: number[];
  /** Inode bitmap of each group. */
  readonly inodeBitmaps: number[];
  /** First block of each inode table. */
  readonly inodeTables: number[];
  /** What is left. */
  readonly space: FreeSpace;
}

/** Places tables and items; `null` where the free space is too short or too scattered. */
export function placeMetadata(
  geometry: Geometry,
  plan: Plan,
  area: DataArea,
  items: readonly MetadataItem[],
): Placement | null {
  const space = new FreeSpace(freeRanges(geometry, plan, area));
  const placement: Placement = { blockBitmaps: [], inodeBitmaps: [], inodeTables: [], space };
  for (let group = 0; group < plan.groups; group += GROUPS_PER_FLEX) {
    const count = Math.min(GROUPS_PER_FLEX, plan.groups - group);
    if (!placeFlexGroup(geometry, plan, area, placement, group, count)) return null;
  }
  for (const item of items) {
    if (!item.place(space, geometry.blockSize)) return null;
  }
  return placement;
}

/** All blocks but file data, superblocks and descriptors. */
function freeRanges(geometry: Geometry, plan: Plan, area: DataArea): BlockRange[] {
  const { dataEnd, gapBlocks } = area;
  const ranges: BlockRange[] = [...area.released];
  let from = dataEnd;
  for (const group of backupGroups(plan.groups)) {
    const start = geometry.groupStart(group);
    const baseEnd = start + plan.baseBlocks;
    if (start < dataEnd) {
      // Among the data: what the descriptors do not need of the gap.
      ranges.push({ start: baseEnd, end: Math.min(start + gapBlocks, plan.blocksCount) });
    } else {
      ranges.push({ start: from, end: start });
      from = baseEnd;
    }
  }
  ranges.push({ start: from, end: plan.blocksCount });
  return ranges;
}

function placeFlexGroup(
  geometry: Geometry,
  plan: Plan,
  area: DataArea,
  placement: Placement,
  firstGroup: number,
  count: number,
): boolean {
  const { space } = placement;
  const start = geometry.groupStart(firstGroup);
  const take = (blocks: number) => {
    const inside = start >= area.dataEnd ? space.takeFrom(start, blocks) : -1;
    return inside >= 0 ? inside : space.take(blocks);
  };
  for (const bitmaps of [placement.blockBitmaps, placement.inodeBitmaps]) {
    if (!takeSeries(take, count, 1, bitmaps)) return false;
  }
  return takeSeries(take, count, plan.tableBlocks, placement.inodeTables);
}

/** Takes `count` runs of `blocks` blocks, side by side where there is room for that. */
function takeSeries(
  take: (blocks: number) => number,
  count: number,
  blocks: number,
  into: number[],
): boolean {
  const whole = take(count * blocks);
  for (let i = 0; i < count; i++) {
    const start = whole >= 0 ? whole + i * blocks : take(blocks);
    if (start < 0) return false;
    into.push(start);
  }
  return true;
}
