/**
 * Zeros in compressed files: as many as one block of compressed data gives. What they become is
 * computed once for each count of them.
 *
 * @module
 */
import { blockCompressor, type CompressBlock } from "../../compress/block_codec.ts";
import type { ErofsCompression } from "./options.ts";

/**
 * Most bytes of zeros in a piece. The kernel takes 12 MiB (`Z_EROFS_PCLUSTER_MAX_DSIZE`); but for
 * any of them it may decompress all, and of so many the index takes twice the data already.
 */
const ZEROS_SIZE_MAX = 4 * 1024 * 1024;
/** Bytes that the most zeros leave free: somewhat fewer may become a byte or two more. */
const SPARE = 8;
/** Zeros become no smaller by more effort. */
const LEVELS = { lz4: undefined, deflate: 6, zstd: 1 };

/** Compressed zeros of one compression. */
export class CompressedZeros {
  /**
   * Most blocks of zeros that a block of compressed data gives. It is even, as pieces are, so that
   * what is left of some pieces is never a single block.
   */
  readonly blocksMax: number;
  readonly #compress: CompressBlock;
  readonly #blockSize: number;
  readonly #zeros = new Uint8Array(ZEROS_SIZE_MAX);
  readonly #room: Uint8Array;
  readonly #known = new Map<number, Uint8Array>();

  /** Finds out how many zeros a block of `blockSize` bytes gives. */
  constructor({ codec, clusterSize }: ErofsCompression, blockSize: number) {
    // The window that the image promises is that of other pieces.
    const windowLog = Math.log2(clusterSize);
    this.#compress = blockCompressor({ codec, level: LEVELS[codec], windowLog });
    this.#blockSize = blockSize;
    this.#room = new Uint8Array(blockSize);
    let fitting = 2;
    let tooMany = ZEROS_SIZE_MAX / blockSize + 2;
    while (tooMany - fitting > 2) {
      const blockCount = fitting + 2 * Math.floor((tooMany - fitting) / 4);
      const { length } = this.#compressed(blockCount);
      if (length > 0 && length <= blockSize - SPARE) fitting = blockCount;
      else tooMany = blockCount;
    }
    this.blocksMax = fitting;
  }

  /** What 2 to `blocksMax` blocks of zeros become; at most a block. */
  of(blockCount: number): Uint8Array {
    let bytes = this.#known.get(blockCount);
    if (bytes === undefined) {
      bytes = this.#compressed(blockCount).slice();
      if (bytes.length === 0) throw new Error(`${blockCount} blocks of zeros do not fit into one`);
      this.#known.set(blockCount, bytes);
    }
    return bytes;
  }

  /** Nothing where it does not fit into a block; valid until the next call. */
  #compressed(blockCount: number): Uint8Array {
    const zeros = this.#zeros.subarray(0, blockCount * this.#blockSize);
    return this.#room.subarray(0, this.#compress(zeros, this.#room));
  }
}
