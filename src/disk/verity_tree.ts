/**
 * Makes the hash tree of dm-verity (format 1) while the data blocks go by.
 *
 * A level needs one buffer of memory. Zeros are hashed by whole subtrees, of which all on a level
 * have the same digest.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { divideUp } from "../bytes/align.ts";

/** Takes `bytes` for `position`, bytes from the start of the tree. */
export type PutTreeBytes = (bytes: Uint8Array, position: number) => void;

/** Algorithms, in the names of the kernel, with the bytes of their digests. */
export const VERITY_ALGORITHMS: ReadonlyMap<string, number> = new Map([
  ["sha256", 32],
  ["sha384", 48],
  ["sha512", 64],
  ["sha1", 20],
]);

/** What a tree depends on. */
export interface VerityTreeShape {
  /** Name of the algorithm. */
  readonly algorithm: string;
  /** Goes in front of every block that is hashed. */
  readonly salt: Uint8Array;
  /** Bytes of a data block. */
  readonly dataBlockSize: number;
  /** Bytes of a hash block. */
  readonly hashBlockSize: number;
  /** How many data blocks, at least one. */
  readonly dataBlocks: number;
}

/** Hash blocks that are collected for one write. */
const BUFFER_BLOCKS = 64;

/** A level with its block in the making. */
interface Level {
  /** Where the buffer belongs, bytes from the start of the tree. */
  position: number;
  /** Blocks that follow each other, the last one in the making. */
  readonly buffer: Uint8Array;
  /** Full blocks in the buffer. */
  fullBlocks: number;
  /** Digests in the block in the making. */
  digests: number;
}

/** How many hash blocks each level has, the lowest first; empty where one data block is all. */
export function verityLevels(shape: VerityTreeShape): number[] {
  const levels: number[] = [];
  const perBlock = digestsPerBlock(shape);
  for (let count = shape.dataBlocks; count > 1;) {
    count = divideUp(count, perBlock);
    levels.push(count);
  }
  return levels;
}

/** How many digests a hash block holds. */
export function digestsPerBlock({ hashBlockSize, algorithm }: VerityTreeShape): number {
  return hashBlockSize / slotSize(algorithm);
}

/** Bytes that a digest takes in a block, a power of two. */
export function slotSize(algorithm: string): number {
  return 2 ** Math.ceil(Math.log2(VERITY_ALGORITHMS.get(algorithm)!));
}

/** Makes one tree. */
export class VerityTree {
  readonly #shape: VerityTreeShape;
  readonly #put: PutTreeBytes;
  readonly #levels: Level[] = [];
  readonly #perBlock: number;
  readonly #slotSize: number;
  // Digest of a block under which all is zeros, by level; 0 is the data.
  readonly #zeroDigests: Uint8Array[] = [];
  #root: Uint8Array = new Uint8Array(0);

  /** Begins a tree whose blocks go to `put`. */
  constructor(shape: VerityTreeShape, put: PutTreeBytes) {
    this.#shape = shape;
    this.#put = put;
    this.#perBlock = digestsPerBlock(shape);
    this.#slotSize = slotSize(shape.algorithm);
    const counts = verityLevels(shape);
    let position = 0;
    // The highest level comes first.
    for (let level = counts.length - 1; level >= 0; level--) {
      this.#levels[level] = {
        position,
        buffer: new Uint8Array(Math.min(BUFFER_BLOCKS, counts[level]) * shape.hashBlockSize),
        fullBlocks: 0,
        digests: 0,
      };
      position += counts[level] * shape.hashBlockSize;
    }
  }

  /** The next data blocks; `bytes` are whole ones. */
  write(bytes: Uint8Array): void {
    const { dataBlockSize } = this.#shape;
    for (let at = 0; at < bytes.length; at += dataBlockSize) {
      this.#add(0, this.#digest(bytes.subarray(at, at + dataBlockSize)));
    }
  }

  /** The next `count` data blocks are zeros. */
  skip(count: number): void {
    this.#addZeros(0, count);
  }

  /** All data blocks were given: hands over what is left and answers the root hash. */
  end(): Uint8Array {
    this.#levels.forEach((state, level) => {
      if (state.digests > 0) this.#closeBlock(level);
      this.#flush(state);
    });
    return this.#root;
  }

  #digest(block: Uint8Array): Uint8Array {
    const { algorithm, salt } = this.#shape;
    return createHash(algorithm).update(salt).update(block).digest();
  }

  /** Adds the digest of the next block below a level. */
  #add(level: number, digest: Uint8Array): void {
    if (level === this.#levels.length) {
      this.#root = digest;
      return;
    }
    const state = this.#levels[level];
    const { hashBlockSize } = this.#shape;
    state.buffer.set(digest, state.fullBlocks * hashBlockSize + state.digests * this.#slotSize);
    if (++state.digests === this.#perBlock) this.#closeBlock(level);
  }

  #closeBlock(level: number): void {
    const state = this.#levels[level];
    const { hashBlockSize } = this.#shape;
    const start = state.fullBlocks * hashBlockSize;
    const digest = this.#digest(state.buffer.subarray(start, start + hashBlockSize));
    state.digests = 0;
    state.fullBlocks++;
    if (state.fullBlocks * hashBlockSize === state.buffer.length) this.#flush(state);
    this.#add(level + 1, digest);
  }

  #flush(state: Level): void {
    if (state.fullBlocks === 0) return;
    const bytes = state.buffer.subarray(0, state.fullBlocks * this.#shape.hashBlockSize);
    this.#put(bytes, state.position);
    state.position += bytes.length;
    // Slots are larger than some digests, and the last block may be part full.
    state.buffer.fill(0);
    state.fullBlocks = 0;
  }

  /** Adds `count` blocks below a level under which all is zeros. */
  #addZeros(level: number, count: number): void {
    const state = this.#levels[level];
    for (let left = count; left > 0;) {
      if (state === undefined || state.digests > 0 || left < this.#perBlock) {
        this.#add(level, this.#zeroDigest(level));
        left--;
        continue;
      }
      const full = Math.floor(left / this.#perBlock);
      this.#putZeroBlocks(level, full);
      this.#addZeros(level + 1, full);
      left -= full * this.#perBlock;
    }
  }

  /** Hands over `count` blocks of a level whose digests are all those of zeros. */
  #putZeroBlocks(level: number, count: number): void {
    const state = this.#levels[level];
    this.#flush(state);
    const block = this.#zeroBlock(level);
    const room = state.buffer.length;
    for (let at = 0; at < room; at += block.length) state.buffer.set(block, at);
    for (let left = count * block.length; left > 0;) {
      const bytes = state.buffer.subarray(0, Math.min(room, left));
      this.#put(bytes, state.position);
      state.position += bytes.length;
      left -= bytes.length;
    }
    state.buffer.fill(0);
  }

  /** The digest of a block below a level under which all is zeros. */
  #zeroDigest(level: number): Uint8Array {
    return this.#zeroDigests[level] ??= this.#digest(
      level === 0 ? new Uint8Array(this.#shape.dataBlockSize) : this.#zeroBlock(level - 1),
    );
  }

  /** The block of a level under which all is zeros. */
  #zeroBlock(level: number): Uint8Array {
    const digest = this.#zeroDigest(level);
    const block = new Uint8Array(this.#shape.hashBlockSize);
    for (let at = 0; at < block.length; at += this.#slotSize) block.set(digest, at);
    return block;
  }
}
