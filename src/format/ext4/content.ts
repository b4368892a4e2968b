/**
 * Where the bytes of a file are in an ext4 image.
 *
 * @module
 */

/** A run of blocks of a file. */
export interface Ext4Extent {
  /** First logical block of the file. */
  readonly logicalBlock: number;
  /** First block of the image. */
  readonly startBlock: number;
  /** Blocks; may be above the 32768 that one extent on disk can hold. */
  readonly blockCount: number;
}

/**
 * The runs of blocks of one file, ascending. What no run covers is a hole and reads as zeros.
 * Most files have one run: it stands in the object itself.
 */
export class Ext4Content {
  /** Logical block of the first run. */
  readonly logicalBlock: number;
  /** Block of the image where the first run starts. */
  readonly startBlock: number;
  /** Blocks of the first run; 0 where the file is one hole. */
  readonly blockCount: number;
  /** The other runs, `null` for none. */
  readonly more: readonly Ext4Extent[] | null;

  /** Creates the location of a file's bytes from its runs, in ascending logical order. */
  constructor(first: Ext4Extent | null, more: readonly Ext4Extent[] | null = null) {
    this.logicalBlock = first === null ? 0 : first.logicalBlock;
    this.startBlock = first === null ? 0 : first.startBlock;
    this.blockCount = first === null ? 0 : first.blockCount;
    this.more = more;
  }

  /** How many runs there are. */
  get runCount(): number {
    return this.blockCount === 0 ? 0 : 1 + (this.more === null ? 0 : this.more.length);
  }

  /** All runs in ascending logical order. */
  runs(): readonly Ext4Extent[] {
    if (this.blockCount === 0) return [];
    const { logicalBlock, startBlock, blockCount } = this;
    const first = { logicalBlock, startBlock, blockCount };
    return this.more === null ? [first] : [first, ...this.more];
  }
}

/** The bytes of a small file, which stand in its inode (`inline_data`): it has no blocks. */
export class Ext4InlineContent extends Ext4Content {
  /** The bytes of the file; what is missing at its end is zero. */
  readonly bytes: Uint8Array;

  /** Keeps `bytes`, which are not copied. */
  constructor(bytes: Uint8Array) {
    super(null);
    this.bytes = bytes;
  }
}

/** The data of a file with fs-verity; what stands behind its end is no part of it. */
export class Ext4VerityContent extends Ext4Content {
  /** All blocks of the file: data, tree and descriptor. */
  readonly all: Ext4Content;

  /** Keeps `all` beside the runs of the data. */
  constructor(first: Ext4Extent | null, more: readonly Ext4Extent[] | null, all: Ext4Content) {
    super(first, more);
    this.all = all;
  }
}
