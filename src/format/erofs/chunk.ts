/**
 * Chunk-based files: the summary in `i_u` (kernel `struct erofs_inode_chunk_info`) and the two
 * kinds of entries behind the inode, block map entries of 4 bytes and chunk indexes of 8 (kernel
 * `struct erofs_inode_chunk_index`). Little-endian.
 *
 * @module
 */

/** Bits 0 to 4 of the format: base 2 logarithm of the blocks of a chunk. */
export const CHUNK_BITS_MASK = 0x1f;
/** Bit 5 of the format: entries are chunk indexes. */
export const CHUNK_INDEXES = 0x20;
/** Bit 6 of the format: blocks have 48 bits. */
export const CHUNK_48BIT = 0x40;
/** All bits of the format that are known. */
export const CHUNK_FORMAT_ALL = 0x7f;

/** Bytes of a block map entry. */
export const BLOCK_MAP_ENTRY_SIZE = 4;
/** Bytes of a chunk index. */
export const CHUNK_INDEX_SIZE = 8;

/** Where a chunk is. */
export interface ChunkIndex {
  /** Bits 32 to 47 of the block, with `CHUNK_48BIT`. */
  startBlockHigh: number;
  /** Device, 0 for this one. */
  deviceId: number;
  /** First block, `NULL_BLOCK` for a hole. */
  startBlock: number;
}

/** Writes a chunk index. */
export function writeChunkIndex(view: DataView, at: number, x: ChunkIndex): void {
  view.setUint16(at + 0x0, x.startBlockHigh, true); // startblk_hi
  view.setUint16(at + 0x2, x.deviceId, true); // device_id
  view.setUint32(at + 0x4, x.startBlock, true); // startblk_lo
}

/** Reads a chunk index. */
export function readChunkIndex(view: DataView, at: number): ChunkIndex {
  return {
    startBlockHigh: view.getUint16(at + 0x0, true), // startblk_hi
    deviceId: view.getUint16(at + 0x2, true), // device_id
    startBlock: view.getUint32(at + 0x4, true), // startblk_lo
  };
}

/** Writes a block map entry: the first block of a chunk, `NULL_BLOCK` for a hole. */
export function writeBlockMapEntry(view: DataView, at: number, startBlock: number): void {
  view.setUint32(at, startBlock, true);
}

/** Reads a block map entry. */
export function readBlockMapEntry(view: DataView, at: number): number {
  return view.getUint32(at, true);
}
