/**
 * The Merkle tree of a file, made while its bytes go by. Its size need not be known: a level is
 * begun when the one below has a block. A level needs one block of memory; holes are hashed by whole
 * subtrees, of which all on a level have the same digest.
 *
 * @module
 */
import {
  VERITY_BLOCK_SIZE,
  VERITY_DIGEST_SIZES,
  type VerityAlgorithm,
  writePlainDigest,
} from "./verity_algorithm.ts";

/**
 * Takes `block` for each of `count` blocks of a level from `index` on; level 0 holds the digests of
 * the data. The memory may be reused after the call.
 */
export type PutTreeBlocks = (
  level: number,
  index: number,
  count: number,
  block: Uint8Array,
) => void;

/** A level of the tree with its block in the making. */
interface Level {
  /** How many blocks were completed. */
  closed: number;
  /** Digests of the block in the making. */
  readonly block: Uint8Array;
  /** Bytes of them. */
  fill: number;
}

/** Hashes files, one after the other. */
export class MerkleTree {
  readonly #algorithm: VerityAlgorithm;
  readonly #put: PutTreeBlocks;
  readonly #levels: Level[] = [];
  readonly #data = new Uint8Array(VERITY_BLOCK_SIZE);
  #fill = 0;
  #size = 0;
  // The digest of a subtree over zeros, by level.
  readonly #zeroDigests: Uint8Array[] = [];

  /** Begins a file; `put` takes the blocks of the tree, where they are wanted. */
  constructor(algorithm: VerityAlgorithm, put: PutTreeBlocks = () => {}) {
    this.#algorithm = algorithm;
    this.#put = put;
  }

  /** Bytes of the file up to now. */
  get size(): number {
    return this.#size;
  }

  /** The next bytes of the file. */
  write(bytes: Uint8Array): void {
    this.#size += bytes.length;
    for (let at = 0; at < bytes.length;) {
      if (this.#fill === 0 && bytes.length - at >= VERITY_BLOCK_SIZE) {
        this.#add(0, bytes.subarray(at, at + VERITY_BLOCK_SIZE));
        at += VERITY_BLOCK_SIZE;
        continue;
      }
      const piece = bytes.subarray(at, at + VERITY_BLOCK_SIZE - this.#fill);
      this.#data.set(piece, this.#fill);
      this.#grow(piece.length);
      at += piece.length;
    }
  }

  /** The next `byteCount` bytes are zeros. */
  skip(byteCount: number): void {
    this.#size += byteCount;
    const head = this.#fill === 0 ? 0 : Math.min(VERITY_BLOCK_SIZE - this.#fill, byteCount);
    this.#growZeros(head);
    const tail = (byteCount - head) % VERITY_BLOCK_SIZE;
    this.#addZeros(0, (byteCount - head - tail) / VERITY_BLOCK_SIZE);
    this.#growZeros(tail);
  }

  /**
   * All bytes of the file were given: hands over what is left of the tree, and answers the digest
   * above all levels. That of an empty file is zeros. What comes next are bytes of another file.
   */
  end(): Uint8Array {
    const root = this.#closeLevels();
    for (const level of this.#levels) level.closed = level.fill = 0;
    this.#size = 0;
    return root;
  }

  #closeLevels(): Uint8Array {
    if (this.#fill > 0) this.#growZeros(VERITY_BLOCK_SIZE - this.#fill);
    const digestSize = VERITY_DIGEST_SIZES[this.#algorithm];
    // Closing the last level begins the next one, until a level has a single digest.
    for (let level = 0; level < this.#levels.length; level++) {
      const { closed, block, fill } = this.#levels[level];
      if (closed === 0 && fill === digestSize) return block.slice(0, digestSize);
      if (fill === 0) continue;
      block.fill(0, fill);
      this.#close(level);
    }
    return new Uint8Array(digestSize);
  }

  #growZeros(byteCount: number): void {
    this.#data.fill(0, this.#fill, this.#fill + byteCount);
    this.#grow(byteCount);
  }

  #grow(byteCount: number): void {
    this.#fill += byteCount;
    if (this.#fill < VERITY_BLOCK_SIZE) return;
    this.#fill = 0;
    this.#add(0, this.#data);
  }

  /** Adds the digest of `block`, the next below a level. */
  #add(level: number, block: Uint8Array): void {
    const state = this.#level(level);
    writePlainDigest(this.#algorithm, block, state.block, state.fill);
    this.#grew(level, state);
  }

  /** The block of a level has one digest more. */
  #grew(level: number, state: Level): void {
    state.fill += VERITY_DIGEST_SIZES[this.#algorithm];
    if (state.fill === VERITY_BLOCK_SIZE) this.#close(level);
  }

  #close(level: number): void {
    const state = this.#levels[level];
    state.fill = 0;
    this.#put(level, state.closed++, 1, state.block);
    this.#add(level + 1, state.block);
  }

  /** Adds `count` blocks below a level under which all is zeros. */
  #addZeros(level: number, count: number): void {
    const perBlock = VERITY_BLOCK_SIZE / VERITY_DIGEST_SIZES[this.#algorithm];
    for (let left = count; left > 0;) {
      const state = this.#level(level);
      if (state.fill > 0 || left < perBlock) {
        state.block.set(this.#zeroDigest(level), state.fill);
        this.#grew(level, state);
        left--;
        continue;
      }
      const full = Math.floor(left / perBlock);
      this.#put(level, state.closed, full, this.#zeroBlock(level));
      state.closed += full;
      this.#addZeros(level + 1, full);
      left -= full * perBlock;
    }
  }

  #level(level: number): Level {
    return this.#levels[level] ??= {
      closed: 0,
      block: new Uint8Array(VERITY_BLOCK_SIZE),
      fill: 0,
    };
  }

  /** The digest of a block below a level under which all is zeros. */
  #zeroDigest(level: number): Uint8Array {
    let digest = this.#zeroDigests[level];
    if (digest === undefined) {
      digest = new Uint8Array(VERITY_DIGEST_SIZES[this.#algorithm]);
      const block = level === 0 ? new Uint8Array(VERITY_BLOCK_SIZE) : this.#zeroBlock(level - 1);
      writePlainDigest(this.#algorithm, block, digest, 0);
      this.#zeroDigests[level] = digest;
    }
    return digest;
  }

  /** The block of a level under which all is zeros. */
  #zeroBlock(level: number): Uint8Array {
    const digest = this.#zeroDigest(level);
    const block = new Uint8Array(VERITY_BLOCK_SIZE);
    for (let at = 0; at < block.length; at += digest.length) block.set(digest, at);
    return block;
  }
}
