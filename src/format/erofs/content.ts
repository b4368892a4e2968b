/**
 * Where the bytes of a file are in an EROFS image.
 *
 * @module
 */

/** A run of blocks of a file. */
export interface ErofsRun {
  /** First logical block of the file. */
  readonly logicalBlock: number;
  /** First block of the image. */
  readonly startBlock: number;
  /** Blocks. */
  readonly blockCount: number;
}

/** Location of the bytes of a file. */
export type ErofsContent = FlatContent | ChunkedContent | CompressedContent;

/** Blocks one behind the other from the start of the file, and a tail that stands elsewhere. */
export class FlatContent {
  /** First block of the image; of no meaning without blocks. */
  readonly startBlock: number;
  /** Blocks. */
  readonly blockCount: number;
  /** Where the bytes behind the blocks, at most a block, are among the tails; -1 for none. */
  readonly tail: number;

  /** Tells where bytes are. */
  constructor(startBlock: number, blockCount: number, tail: number) {
    this.startBlock = startBlock;
    this.blockCount = blockCount;
    this.tail = tail;
  }
}

/** Runs of blocks with holes between them, in chunks of equal size. */
export class ChunkedContent {
  /** Base 2 logarithm of the blocks of a chunk. */
  readonly chunkBits: number;
  /** Runs in ascending logical order. */
  readonly runs: readonly ErofsRun[];

  /** Tells where bytes are. */
  constructor(chunkBits: number, runs: readonly ErofsRun[]) {
    this.chunkBits = chunkBits;
    this.runs = runs;
  }
}

/** Pieces of a file, compressed each on its own; filled while they are compressed. */
export class CompressedContent {
  /** First block of the image. */
  startBlock: number = 0;
  /** Blocks of the image. */
  blockCount: number = 0;
  /**
   * Blocks of each piece, in order: as many as its bytes take where it is not compressed, 0 where it
   * is zeros. Those of pieces of zeros side by side are together, `zerosMax` of them in each block.
   */
  readonly pieceBlocks: Uint16Array;
  /** Pieces of which that is known. */
  pieceCount: number = 0;
  /** Blocks of zeros that are compressed into one block; the last of them may be fewer. */
  zerosMax: number = 0;
  /** Whether any piece is smaller than its bytes. */
  isSmaller: boolean = false;

  /** Blocks of the file that a piece holds; the last piece may hold fewer. */
  readonly pieceClusters: number;

  /** Begins a file of `pieceCount` pieces of `pieceClusters` blocks. */
  constructor(pieceCount: number, pieceClusters: number) {
    this.pieceBlocks = new Uint16Array(pieceCount);
    this.pieceClusters = pieceClusters;
  }
}

/** Runs of a file, whatever holds it, in blocks of the image. */
export function blocksOf(content: ErofsContent): readonly ErofsRun[] {
  if (content instanceof ChunkedContent) return content.runs;
  const { startBlock, blockCount } = content;
  return blockCount === 0 ? [] : [{ logicalBlock: 0, startBlock, blockCount }];
}
