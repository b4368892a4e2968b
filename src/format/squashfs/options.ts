/**
 * What a user may choose about a squashfs image, checked and with every default filled in.
 *
 * @module
 */
import { parseCompression } from "../../compress/compression.ts";
import type { OnLoss } from "../loss.ts";
import { type Compressor, compressorFor, WRITTEN_COMPRESSIONS } from "./compressor.ts";

/** Options of {@linkcode squashfs}. */
export interface SquashfsOptions {
  /**
   * Compression: `zstd`, `gzip`, `lz4` or `none`, with a level as `zstd:19` or `gzip:6`. Without a
   * level, that of `mksquashfs`: 15 of zstd, 9 of gzip.
   *
   * @default {"zstd:15"}
   */
  readonly compression?: string;
  /**
   * Bytes of a data block, a power of two from 4096 to 1048576: larger ones make smaller images and
   * slower random reads.
   *
   * @default {131072}
   */
  readonly blockSize?: number;
  /**
   * Gives every file blocks of its own: the ends of files, and small files, do not share blocks.
   *
   * @default {false}
   */
  readonly noFragments?: boolean;
  /**
   * What becomes of what squashfs cannot hold: POSIX ACLs, attributes of other namespaces, times
   * before 1970 and after 2106.
   *
   * @default {"error"}
   */
  readonly onLoss?: OnLoss;
  /**
   * Threads that compress; 0 compresses in this one. The image is the same.
   *
   * @default one for each processor
   */
  readonly compressionWorkers?: number;
}

/** Options with nothing left open. */
export interface ResolvedSquashfsOptions {
  /** How to compress. */
  readonly compressor: Compressor;
  /** Bytes of a data block. */
  readonly blockSize: number;
  /** Whether the ends of files share blocks. */
  readonly hasFragments: boolean;
  /** What becomes of what cannot be held. */
  readonly onLoss: OnLoss;
  /** Threads that compress. */
  readonly workers: number;
}

const MIN_BLOCK_SIZE = 4096;
const MAX_BLOCK_SIZE = 1024 * 1024;
const DEFAULT_BLOCK_SIZE = 128 * 1024;
const MAX_WORKERS = 256;

/** Checks options and fills in defaults. Throws `RangeError` for a wrong one. */
export function resolveSquashfsOptions(options: SquashfsOptions): ResolvedSquashfsOptions {
  const blockSize = options.blockSize ?? DEFAULT_BLOCK_SIZE;
  const isPower = Number.isInteger(Math.log2(blockSize));
  if (!isPower || blockSize < MIN_BLOCK_SIZE || blockSize > MAX_BLOCK_SIZE) {
    throw new RangeError(
      `Cannot use block size ${blockSize}, expected a power of two from ${MIN_BLOCK_SIZE} to ` +
        `${MAX_BLOCK_SIZE}`,
    );
  }
  const workers = options.compressionWorkers ?? navigator.hardwareConcurrency;
  if (!Number.isInteger(workers) || workers < 0 || workers > MAX_WORKERS) {
    throw new RangeError(
      `Cannot use ${workers} compression workers, expected 0 to ${MAX_WORKERS}`,
    );
  }
  const compression = parseCompression(options.compression ?? "zstd", WRITTEN_COMPRESSIONS);
  return {
    compressor: compressorFor(compression),
    blockSize,
    hasFragments: !options.noFragments,
    onLoss: options.onLoss ?? "error",
    workers,
  };
}
