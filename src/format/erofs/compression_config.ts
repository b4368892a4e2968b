/**
 * The compressions of an image: their numbers, and the records behind the superblock (kernel
 * `struct z_erofs_lz4_cfgs`, `z_erofs_deflate_cfgs`, `z_erofs_zstd_cfgs`). Little-endian.
 *
 * @module
 */
import type { ErofsCompression } from "./options.ts";

/** Numbers of compressions, as `h_algorithmtype` and the bits of `available_compr_algs` have them. */
export const Algorithm = { lz4: 0, lzma: 1, deflate: 2, zstd: 3 } as const;

/** Names of compressions by their numbers. */
export const ALGORITHM_NAMES: readonly (keyof typeof Algorithm)[] = [
  "lz4",
  "lzma",
  "deflate",
  "zstd",
];

/** Largest distance of an LZ4 match. */
const LZ4_DISTANCE = 65535;
/**
 * Largest `max_pclusterblks`: the kernel compares it with 1 MiB of pages before it knows the size of
 * blocks, and makes room for so many pages.
 */
const LZ4_CLUSTER_BLOCKS_MAX = 256;
const DEFLATE_WINDOW_BITS = 15;
/** `windowlog` counts from 1 KiB. */
const ZSTD_WINDOW_BASE = 10;

/** The record of a compression as it stands behind the superblock, its size in front. */
export function compressionRecord(compression: ErofsCompression, blockSize: number): Uint8Array {
  const { codec, clusterSize } = compression;
  const size = codec === "lz4" ? 14 : 6;
  const record = new Uint8Array(2 + size);
  const view = new DataView(record.buffer);
  view.setUint16(0, size, true);
  if (codec === "lz4") {
    view.setUint16(2, LZ4_DISTANCE, true); // max_distance
    view.setUint16(4, Math.min(clusterSize / blockSize, LZ4_CLUSTER_BLOCKS_MAX), true); // max_pclusterblks
  } else if (codec === "deflate") {
    view.setUint8(2, DEFLATE_WINDOW_BITS); // windowbits
  } else {
    view.setUint8(2, 0); // format
    view.setUint8(3, Math.log2(clusterSize) - ZSTD_WINDOW_BASE); // windowlog
  }
  return record;
}
