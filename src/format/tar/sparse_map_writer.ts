/**
 * The body of a sparse member: a map in decimal numbers, a line each, then the data (GNU tar's
 * manual, "PAX Format, Version 1.0").
 *
 * @module
 */
import { alignDown, alignUp } from "../../bytes/align.ts";
import { bytesOf } from "../../bytes/byte_string.ts";
import { piecesOf, type SpooledContent, type SpooledPiece } from "../spool.ts";
import { BLOCK_SIZE } from "./header.ts";

/** What stands behind the headers of a sparse member. */
export interface SparseMember {
  /** The map, padded to a block. */
  readonly map: Uint8Array;
  /** The data behind it; of holes only what belongs to blocks that hold data too. */
  readonly pieces: readonly SpooledPiece[];
  /** Bytes of map and pieces. */
  readonly size: number;
}

/**
 * The body of a file of `size` bytes; `null` where it has no hole of a whole block. GNU tar reads
 * each region of data from a block of its own, so that all of them begin and end at blocks. A hole
 * at the end is told by a last region of no bytes.
 */
export function sparseMember(content: SpooledContent | null, size: number): SparseMember | null {
  const regions: number[] = [];
  const pieces: SpooledPiece[] = [];
  let dataBytes = 0;
  let regionStart = 0;
  let at = 0;
  const keepZeros = (byteCount: number) => {
    if (byteCount > 0) pieces.push({ position: null, size: byteCount });
    dataBytes += byteCount;
  };
  const endRegion = (end: number) => {
    if (end > regionStart) regions.push(regionStart, end - regionStart);
  };
  for (const piece of piecesOf(content, size)) {
    const end = at + piece.size;
    const holeStart = alignUp(at, BLOCK_SIZE);
    const holeEnd = end === size ? size : alignDown(end, BLOCK_SIZE);
    if (piece.position !== null) {
      pieces.push(piece);
      dataBytes += piece.size;
    } else if (holeStart >= holeEnd) {
      keepZeros(piece.size);
    } else {
      keepZeros(holeStart - at);
      endRegion(holeStart);
      keepZeros(end - holeEnd);
      regionStart = holeEnd;
    }
    at = end;
  }
  endRegion(size);
  if (regions.length === 2 && regions[1] === size || size === 0) return null;
  if (regionStart === size) regions.push(size, 0);
  const text = [regions.length / 2, ...regions].join("\n") + "\n";
  const map = new Uint8Array(alignUp(text.length, BLOCK_SIZE));
  map.set(bytesOf(text));
  return { map, pieces, size: map.length + dataBytes };
}
