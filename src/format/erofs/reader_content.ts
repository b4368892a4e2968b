/**
 * The bytes of files that are not compressed.
 *
 * @module
 */
import {
  BLOCK_MAP_ENTRY_SIZE,
  CHUNK_48BIT,
  CHUNK_INDEX_SIZE,
  CHUNK_INDEXES,
  readBlockMapEntry,
  readChunkIndex,
} from "./chunk.ts";
import { NULL_BLOCK } from "./inode.ts";
import type { ErofsVolume } from "./reader_volume.ts";

/** Bytes in blocks one behind the other, and the rest elsewhere. */
export class FoundFlat {
  /** Bytes of the file. */
  readonly size: number;
  /** Where its blocks begin in the image. */
  readonly blocksPosition: number;
  /** Bytes that are in blocks. */
  readonly blocksSize: number;
  /** Where the other bytes are. */
  readonly tailPosition: number;

  /** Tells where bytes are. */
  constructor(size: number, blocksPosition: number, blocksSize: number, tailPosition: number) {
    this.size = size;
    this.blocksPosition = blocksPosition;
    this.blocksSize = blocksSize;
    this.tailPosition = tailPosition;
  }
}

/** Bytes in chunks, whose places are in a map. */
export class FoundChunks {
  /** Bytes of the file. */
  readonly size: number;
  /** Bytes of a chunk. */
  readonly chunkSize: number;
  /** Where the map is; -1 where all of the file is a hole. */
  readonly mapPosition: number;
  /** `CHUNK_INDEXES` and `CHUNK_48BIT`. */
  readonly format: number;

  /** Tells where the map is. */
  constructor(size: number, chunkSize: number, mapPosition: number, format: number) {
    this.size = size;
    this.chunkSize = chunkSize;
    this.mapPosition = mapPosition;
    this.format = format;
  }
}

/** Fills `into` from `position` of a file; all of it is inside. */
export function readFlat(
  volume: ErofsVolume,
  content: FoundFlat,
  into: Uint8Array,
  position: number,
): void {
  const { blocksSize, blocksPosition, tailPosition } = content;
  const inBlocks = Math.min(into.length, Math.max(0, blocksSize - position));
  if (inBlocks > 0) volume.readData(into.subarray(0, inBlocks), blocksPosition + position);
  if (inBlocks === into.length) return;
  const offset = position + inBlocks - blocksSize;
  const size = into.length - inBlocks;
  const { bytes, at } = volume.metadata(tailPosition + offset, size, "content");
  into.set(bytes.subarray(at, at + size), inBlocks);
}

/** Fills `into` from `position` of a file; all of it is inside. */
export function readChunks(
  volume: ErofsVolume,
  content: FoundChunks,
  into: Uint8Array,
  position: number,
): void {
  const { chunkSize } = content;
  for (let done = 0; done < into.length;) {
    const offset = (position + done) % chunkSize;
    const index = Math.floor((position + done) / chunkSize);
    const piece = into.subarray(done, done + Math.min(into.length - done, chunkSize - offset));
    const start = chunkPosition(volume, content, index);
    if (start === null) piece.fill(0);
    else volume.readData(piece, start + offset);
    done += piece.length;
  }
}

/** The first position from `position` on that is in a chunk that is no hole, else `Infinity`. */
export function seekChunks(volume: ErofsVolume, content: FoundChunks, position: number): number {
  const { chunkSize, size, mapPosition } = content;
  if (mapPosition < 0) return Infinity;
  for (let at = position; at < size;) {
    const index = Math.floor(at / chunkSize);
    if (chunkPosition(volume, content, index) !== null) return at;
    at = (index + 1) * chunkSize;
  }
  return Infinity;
}

/** Where a chunk is in the image, `null` for a hole. */
function chunkPosition(volume: ErofsVolume, content: FoundChunks, index: number): number | null {
  const { mapPosition, format } = content;
  if (mapPosition < 0) return null;
  if ((format & CHUNK_INDEXES) === 0) {
    const position = mapPosition + index * BLOCK_MAP_ENTRY_SIZE;
    const { view, at } = volume.metadata(position, BLOCK_MAP_ENTRY_SIZE, "chunk map");
    const block = readBlockMapEntry(view, at);
    return block === NULL_BLOCK ? null : block * volume.blockSize;
  }
  const position = mapPosition + index * CHUNK_INDEX_SIZE;
  const { view, at } = volume.metadata(position, CHUNK_INDEX_SIZE, "chunk map");
  const { startBlock, startBlockHigh, deviceId } = readChunkIndex(view, at);
  const high = (format & CHUNK_48BIT) === 0 ? 0 : startBlockHigh;
  const isNull = startBlock === NULL_BLOCK && ((format & CHUNK_48BIT) === 0 || high === 0xffff);
  if (isNull) return null;
  if (deviceId !== 0) {
    throw volume.unsupported("content", `a chunk is on device ${deviceId}`, "this one");
  }
  return (high * 2 ** 32 + startBlock) * volume.blockSize;
}
