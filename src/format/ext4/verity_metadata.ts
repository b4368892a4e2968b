/**
 * Where ext4 keeps what fs-verity needs: behind the end of the file, rounded up to 64 KiB, stand the
 * blocks of the Merkle tree, then the descriptor, then in the last four bytes of its block how long
 * it is. Specification: `Documentation/filesystems/ext4/verity.rst`.
 *
 * @module
 */
import { alignUp, divideUp } from "../../bytes/align.ts";
import {
  VERITY_BLOCK_SIZE,
  VERITY_DIGEST_SIZES,
  type VerityAlgorithm,
} from "../../fsverity/verity_algorithm.ts";
import {
  VERITY_DESCRIPTOR_SIZE,
  type VerityDescriptor,
  writeVerityDescriptor,
} from "../../fsverity/verity_descriptor.ts";

/** The algorithm of the trees that we write. */
export const VERITY_ALGORITHM: VerityAlgorithm = "sha256";

/** The tree begins at a multiple of this (`ext4_verity_metadata_pos`). */
const METADATA_ALIGNMENT = 65536;
const DIGESTS_PER_BLOCK = VERITY_BLOCK_SIZE / VERITY_DIGEST_SIZES[VERITY_ALGORITHM];

/** Writes the block of zeros at `at` that ends the file: the descriptor, and its size at the end. */
export function writeVerityDescriptorBlock(view: DataView, at: number, x: VerityDescriptor): void {
  writeVerityDescriptor(view, at, x);
  view.setUint32(at + VERITY_BLOCK_SIZE - 4, VERITY_DESCRIPTOR_SIZE, true);
}

/** Where the tree of a file of `sizeBytes` begins, in bytes of the file. */
export function verityStart(sizeBytes: number): number {
  return alignUp(sizeBytes, METADATA_ALIGNMENT);
}

/** Blocks of each level of the tree, that of the data's digests first; none for a single block. */
export function verityLevels(sizeBytes: number): number[] {
  const levels: number[] = [];
  for (let blocks = divideUp(sizeBytes, VERITY_BLOCK_SIZE); blocks > 1;) {
    blocks = divideUp(blocks, DIGESTS_PER_BLOCK);
    levels.push(blocks);
  }
  return levels;
}

/** Blocks of the tree and of the descriptor of a file of `sizeBytes`. */
export function verityBlockCount(sizeBytes: number): number {
  return verityLevels(sizeBytes).reduce((sum, blocks) => sum + blocks, 1);
}
