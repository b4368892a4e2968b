/**
 * Makes the Merkle tree of a file while its bytes go by. A level needs one block of memory; holes
 * are hashed by whole subtrees, of which all on a level have the same digest.
 *
 * @module
 */
import { createHash } from "node:crypto";
import {
  makeVerityDescriptor,
  VERITY_BLOCK_SIZE,
  VERITY_DIGEST_SIZE,
  VERITY_DIGESTS_PER_BLOCK,
  verityLevels,
  writeVerityDescriptorBlock,
} from "./verity_descriptor.ts";

/**
 * Takes `block` for each of `count` blocks from `index` on, counted from the start of the tree. The
 * memory may be reused after the call.
 */
export type PutVerityBlocks = (index: number, count: number, block: Uint8Array) => void;

/** A level of the tree with its block in the making. */
interface Level {
  /** Where the block in the making will stand. */
  next: number;
  /** Its digests. */
  readonly block: Uint8Array;
  /** Bytes of them. */
  fill: number;
}

/** Hashes one file. */
export class VerityHasher {
  readonly #sizeBytes: number;
  readonly #put: PutVerityBlocks;
  readonly #levels: readonly Level[];
  readonly #descriptorIndex: number;
  readonly #data = new Uint8Array(VERITY_BLOCK_SIZE);
  #fill = 0;
  // The digest above all levels; that of an empty file is zeros.
  #root: Uint8Array = new Uint8Array(VERITY_DIGEST_SIZE);
  // The digest of a subtree over zeros, by level.
  readonly #zeroDigests: Uint8Array[] = [];

  /** Begins a file of `sizeBytes`. */
  constructor(sizeBytes: number, put: PutVerityBlocks) {
    this.#sizeBytes = sizeBytes;
    this.#put = put;
    const counts = verityLevels(sizeBytes);
    let index = 0;
    const levels: Level[] = [];
    // The highest level comes first.
    for (let level = counts.length - 1; level >= 0; level--) {
      levels[level] = { next: index, block: new Uint8Array(VERITY_BLOCK_SIZE), fill: 0 };
      index += counts[level];
    }
    this.#levels = levels;
    this.#descriptorIndex = index;
  }

  /** The next bytes of the file. */
  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#fill === 0 && bytes.length - at >= VERITY_BLOCK_SIZE) {
        this.#add(0, digestOf(bytes.subarray(at, at + VERITY_BLOCK_SIZE)));
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
    const head = this.#fill === 0 ? 0 : Math.min(VERITY_BLOCK_SIZE - this.#fill, byteCount);
    this.#growZeros(head);
    const tail = (byteCount - head) % VERITY_BLOCK_SIZE;
    this.#addZeros(0, (byteCount - head - tail) / VERITY_BLOCK_SIZE);
    this.#growZeros(tail);
  }

  /** All bytes of the file were given: hands over what is left of the tree, and the descriptor. */
  end(): void {
    if (this.#fill > 0) this.#growZeros(VERITY_BLOCK_SIZE - this.#fill);
    this.#levels.forEach(({ block, fill }, level) => {
      if (fill === 0) return;
      block.fill(0, fill);
      this.#close(level);
    });
    const block = new Uint8Array(VERITY_BLOCK_SIZE);
    const descriptor = makeVerityDescriptor(this.#sizeBytes, this.#root);
    writeVerityDescriptorBlock(new DataView(block.buffer), 0, descriptor);
    this.#put(this.#descriptorIndex, 1, block);
  }

  #growZeros(byteCount: number): void {
    this.#data.fill(0, this.#fill, this.#fill + byteCount);
    this.#grow(byteCount);
  }

  #grow(byteCount: number): void {
    this.#fill += byteCount;
    if (this.#fill < VERITY_BLOCK_SIZE) return;
    this.#fill = 0;
    this.#add(0, digestOf(this.#data));
  }

  /** Adds the digest of the next block below a level. */
  #add(level: number, digest: Uint8Array): void {
    if (level === this.#levels.length) {
      this.#root = digest;
      return;
    }
    const state = this.#levels[level];
    state.block.set(digest, state.fill);
    state.fill += VERITY_DIGEST_SIZE;
    if (state.fill === VERITY_BLOCK_SIZE) this.#close(level);
  }

  #close(level: number): void {
    const state = this.#levels[level];
    state.fill = 0;
    this.#put(state.next++, 1, state.block);
    this.#add(level + 1, digestOf(state.block));
  }

  /** Adds `count` blocks below a level under which all is zeros. */
  #addZeros(level: number, count: number): void {
    for (let left = count; left > 0;) {
      const state = this.#levels[level];
      if (state === undefined || state.fill > 0 || left < VERITY_DIGESTS_PER_BLOCK) {
        this.#add(level, this.#zeroDigest(level));
        left--;
        continue;
      }
      const full = Math.floor(left / VERITY_DIGESTS_PER_BLOCK);
      this.#put(state.next, full, this.#zeroBlock(level));
      state.next += full;
      this.#addZeros(level + 1, full);
      left -= full * VERITY_DIGESTS_PER_BLOCK;
    }
  }

  /** The digest of a block below a level under which all is zeros. */
  #zeroDigest(level: number): Uint8Array {
    return this.#zeroDigests[level] ??= digestOf(
      level === 0 ? new Uint8Array(VERITY_BLOCK_SIZE) : this.#zeroBlock(level - 1),
    );
  }

  /** The block of a level under which all is zeros. */
  #zeroBlock(level: number): Uint8Array {
    const digest = this.#zeroDigest(level);
    const block = new Uint8Array(VERITY_BLOCK_SIZE);
    for (let at = 0; at < block.length; at += digest.length) block.set(digest, at);
    return block;
  }
}

function digestOf(block: Uint8Array): Uint8Array {
  return createHash("sha256").update(block).digest();
}
