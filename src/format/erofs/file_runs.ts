/**
 * The places of one file while it is being placed: runs of blocks in ascending order.
 *
 * @module
 */
/** Largest logarithm of the blocks of a chunk. */
const CHUNK_BITS_MAX = 31;

/** Runs of blocks, each as long as can be. */
export class FileRuns {
  /** The runs. */
  readonly list: { logicalBlock: number; startBlock: number; blockCount: number }[] = [];

  /** The file's block behind the last run. */
  get end(): number {
    const last = this.list.at(-1);
    return last === undefined ? 0 : last.logicalBlock + last.blockCount;
  }

  /** Adds a run behind the others. */
  add(logicalBlock: number, startBlock: number, blockCount: number): void {
    const last = this.list.at(-1);
    if (
      last !== undefined && last.logicalBlock + last.blockCount === logicalBlock &&
      last.startBlock + last.blockCount === startBlock
    ) {
      last.blockCount += blockCount;
    } else {
      this.list.push({ logicalBlock, startBlock, blockCount });
    }
  }

  /**
   * Base 2 logarithm of the largest chunks of a file of `endBlock` blocks at whose borders all runs
   * start and end; the last run may end with the file.
   */
  chunkBits(endBlock: number): number {
    let bits = CHUNK_BITS_MAX;
    const fit = (block: number) => {
      while (block % 2 ** bits !== 0) bits--;
    };
    for (const { logicalBlock, blockCount } of this.list) {
      fit(logicalBlock);
      if (logicalBlock + blockCount < endBlock) fit(logicalBlock + blockCount);
    }
    // No more than one chunk needs to hold the file.
    return Math.min(bits, Math.ceil(Math.log2(endBlock)));
  }
}
