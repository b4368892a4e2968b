/**
 * Blocks of files that were placed and are dead.
 *
 * @module
 */
import type { ByteSink } from "../../io/byte_sink.ts";
import type { Ext4Content } from "./content.ts";
import type { BlockRange } from "./free_space.ts";
import { backupGroups, type Geometry } from "./geometry.ts";
import { STAGE_SIZE } from "./image_bytes.ts";

/** Collects dead blocks. */
export class ReleasedBlocks {
  #ranges: { start: number; end: number }[] = [];

  /** Adds the blocks of a dead file. */
  add(content: Ext4Content): void {
    for (const { startBlock, blockCount } of content.runs()) {
      this.#ranges.push({ start: startBlock, end: startBlock + blockCount });
    }
  }

  /** The dead blocks in ascending order, merged. */
  ranges(): readonly BlockRange[] {
    const merged: { start: number; end: number }[] = [];
    for (const { start, end } of this.#ranges.sort((a, b) => a.start - b.start)) {
      const last = merged.at(-1);
      if (last !== undefined && start < last.end) {
        throw new TypeError("Cannot release blocks: they were released before");
      }
      if (last !== undefined && start === last.end) last.end = end;
      else merged.push({ start, end });
    }
    this.#ranges = merged;
    return merged;
  }
}

/** What is left of the data when dead blocks at its end are cut off. */
export interface TrimmedData {
  /** The block behind the last live one. */
  readonly dataEnd: number;
  /** Blocks of live files. */
  readonly dataBlocks: number;
  /** Dead blocks below `dataEnd`. */
  readonly released: readonly BlockRange[];
}

/** Cuts dead blocks, and gaps in front of them, off the end of the data. */
export function trimData(
  geometry: Geometry,
  gapBlocks: number,
  placedEnd: number,
  released: readonly BlockRange[],
): TrimmedData {
  const left = [...released];
  const gaps = backupGroups(Math.max(1, geometry.groupCount(placedEnd)))
    .map((group) => geometry.groupStart(group))
    .filter((start) => start < placedEnd);
  let dataEnd = placedEnd;
  for (;;) {
    const range = left.at(-1);
    const gap = gaps.at(-1);
    if (range !== undefined && range.end === dataEnd) dataEnd = left.pop()!.start;
    else if (gap !== undefined && gap + gapBlocks === dataEnd) dataEnd = gaps.pop()!;
    else break;
  }
  const dead = left.reduce((sum, { start, end }) => sum + end - start, 0);
  const dataBlocks = dataEnd - geometry.groupStart(0) - gaps.length * gapBlocks - dead;
  return { dataEnd, dataBlocks, released: left };
}

/** Overwrites dead blocks below `endBlock` with zeros: nothing of them may stay in the image. */
export function eraseBlocks(
  sink: ByteSink,
  ranges: readonly BlockRange[],
  blockSize: number,
  endBlock: number,
): void {
  const zeros = ranges.length > 0 ? new Uint8Array(STAGE_SIZE) : null;
  for (const range of ranges) {
    const end = Math.min(range.end, endBlock) * blockSize;
    for (let at = range.start * blockSize; at < end; at += STAGE_SIZE) {
      sink.write(zeros!.subarray(0, Math.min(STAGE_SIZE, end - at)), at);
    }
  }
}
