/**
 * Makes the fs-verity metadata of a file while its bytes go by: the blocks of its Merkle tree, each
 * with the place where it stands, and the block of the descriptor.
 *
 * @module
 */
import { MerkleTree } from "../../fsverity/merkle_tree.ts";
import { VERITY_BLOCK_SIZE } from "../../fsverity/verity_algorithm.ts";
import { makeVerityDescriptor } from "../../fsverity/verity_descriptor.ts";
import { VERITY_ALGORITHM, verityLevels, writeVerityDescriptorBlock } from "./verity_metadata.ts";

/**
 * Takes `block` for each of `count` blocks from `index` on, counted from the start of the tree. The
 * memory may be reused after the call.
 */
export type PutVerityBlocks = (index: number, count: number, block: Uint8Array) => void;

/** Hashes one file. */
export class VerityHasher {
  readonly #sizeBytes: number;
  readonly #put: PutVerityBlocks;
  readonly #tree: MerkleTree;
  readonly #descriptorIndex: number;

  /** Begins a file of `sizeBytes`. */
  constructor(sizeBytes: number, put: PutVerityBlocks) {
    this.#sizeBytes = sizeBytes;
    this.#put = put;
    // Where each level begins: the highest one comes first.
    const starts = verityLevels(sizeBytes);
    this.#descriptorIndex = starts.reduceRight((start, count, level) => {
      starts[level] = start;
      return start + count;
    }, 0);
    this.#tree = new MerkleTree(
      VERITY_ALGORITHM,
      (level, index, count, block) => put(starts[level] + index, count, block),
    );
  }

  /** The next bytes of the file. */
  write(bytes: Uint8Array): void {
    this.#tree.write(bytes);
  }

  /** The next `byteCount` bytes are zeros. */
  skip(byteCount: number): void {
    this.#tree.skip(byteCount);
  }

  /** All bytes of the file were given: hands over what is left of the tree, and the descriptor. */
  end(): void {
    const root = this.#tree.end();
    const block = new Uint8Array(VERITY_BLOCK_SIZE);
    const descriptor = makeVerityDescriptor(VERITY_ALGORITHM, this.#sizeBytes, root);
    writeVerityDescriptorBlock(new DataView(block.buffer), 0, descriptor);
    this.#put(this.#descriptorIndex, 1, block);
  }
}
