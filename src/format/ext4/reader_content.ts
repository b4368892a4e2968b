/**
 * The bytes of a file from its runs of blocks.
 *
 * @module
 */
import { type Ext4Content, type Ext4Extent, Ext4InlineContent } from "./content.ts";
import type { Ext4Volume } from "./reader_volume.ts";

/** Fills `into` from `position` of the file; holes, and what lies behind the last run, are zeros. */
export function readContent(
  volume: Ext4Volume,
  content: Ext4Content,
  into: Uint8Array,
  position: number,
): void {
  if (content instanceof Ext4InlineContent) {
    into.fill(0);
    into.set(content.bytes.subarray(position, position + into.length));
    return;
  }
  const { blockSize } = volume;
  const end = position + into.length;
  let done = position;
  for (let i = firstRunEndingAfter(content, Math.floor(position / blockSize));; i++) {
    const run = runAt(content, i);
    const runStart = run === null ? end : run.logicalBlock * blockSize;
    if (done < Math.min(runStart, end)) {
      into.fill(0, done - position, Math.min(runStart, end) - position);
      done = Math.min(runStart, end);
    }
    if (run === null || done >= end) return;
    const pieceEnd = Math.min(runStart + run.blockCount * blockSize, end);
    const piece = into.subarray(done - position, pieceEnd - position);
    const sourcePosition = run.startBlock * blockSize + (done - runStart);
    const count = volume.source.read(piece, sourcePosition);
    if (count !== piece.length) {
      throw volume.corrupt(
        "content",
        `${count} bytes are there`,
        `${piece.length}`,
        sourcePosition,
      );
    }
    done = pieceEnd;
  }
}

/** The first position from `position` on that is in a run, `Infinity` where none follows. */
export function seekContent(volume: Ext4Volume, content: Ext4Content, position: number): number {
  if (content instanceof Ext4InlineContent) {
    return position < content.bytes.length ? position : Infinity;
  }
  const { blockSize } = volume;
  const run = runAt(content, firstRunEndingAfter(content, Math.floor(position / blockSize)));
  return run === null ? Infinity : Math.max(position, run.logicalBlock * blockSize);
}

function runAt(content: Ext4Content, index: number): Ext4Extent | null {
  if (index >= content.runCount) return null;
  return index === 0 ? content : content.more![index - 1];
}

/** Index of the first run that ends behind a logical block; the count of runs where none does. */
function firstRunEndingAfter(content: Ext4Content, logicalBlock: number): number {
  let low = 0;
  let high = content.runCount;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const run = runAt(content, middle)!;
    if (run.logicalBlock + run.blockCount > logicalBlock) high = middle;
    else low = middle + 1;
  }
  return low;
}
