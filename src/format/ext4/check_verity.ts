/**
 * Files with fs-verity: every block of data against the tree, the tree against its own upper
 * levels, and those against the descriptor.
 *
 * @module
 */
import { divideUp } from "../../bytes/align.ts";
import { MerkleTree } from "../../fsverity/merkle_tree.ts";
import {
  VERITY_BLOCK_SIZE,
  VERITY_DIGEST_SIZES,
  VERITY_LOG_BLOCK_SIZE,
  verityAlgorithmOf,
} from "../../fsverity/verity_algorithm.ts";
import type { Ext4VerityContent } from "./content.ts";
import { readContent, seekContent } from "./reader_content.ts";
import { readDescriptor } from "./reader_verity.ts";
import type { Ext4Volume } from "./reader_volume.ts";
import { verityStart } from "./verity_metadata.ts";

const PIECE_SIZE = 256 * 1024;

/**
 * Compares a file of `size` bytes with what its tree and descriptor say; throws `ImageError`
 * `CORRUPT`. A tree with a salt or of other blocks than 4 KiB is left to the kernel.
 */
export function checkVerity(
  volume: Ext4Volume,
  content: Ext4VerityContent,
  size: number,
): void {
  const thing = "fs-verity of a file";
  const descriptor = readDescriptor(volume, thing, size, content.all);
  const algorithm = verityAlgorithmOf(descriptor.hashAlgorithm);
  if (algorithm === null) {
    throw volume.corrupt(thing, `hash algorithm is ${descriptor.hashAlgorithm}`, "1 or 2");
  }
  if (descriptor.logBlockSize !== VERITY_LOG_BLOCK_SIZE || descriptor.saltSize > 0) return;
  const starts = levelStarts(size, VERITY_BLOCK_SIZE / VERITY_DIGEST_SIZES[algorithm]);
  const stored = new Uint8Array(VERITY_BLOCK_SIZE);
  const tree = new MerkleTree(algorithm, (level, index, count, block) => {
    for (let i = index; i < index + count; i++) {
      readContent(volume, content.all, stored, starts[level] + i * VERITY_BLOCK_SIZE);
      if (stored.every((byte, at) => byte === block[at])) continue;
      throw volume.corrupt(
        thing,
        `block ${i} of level ${level} of its tree is another one`,
        "the digests of the level below",
      );
    }
  });
  const buffer = new Uint8Array(PIECE_SIZE);
  for (let at = 0; at < size;) {
    const data = Math.min(size, seekContent(volume, content, at));
    if (data > at) tree.skip(data - at);
    const piece = buffer.subarray(0, Math.min(buffer.length, size - data));
    readContent(volume, content, piece, data);
    if (piece.length > 0) tree.write(piece);
    at = data + piece.length;
  }
  const root = tree.end();
  const expected = descriptor.rootHash.subarray(0, root.length);
  if (root.toHex() === expected.toHex()) return;
  throw volume.corrupt(thing, `root of its tree is ${root.toHex()}`, expected.toHex());
}

/** Where each level of a tree begins in its file, that of the data's digests first. */
function levelStarts(size: number, digestsPerBlock: number): number[] {
  const counts: number[] = [];
  for (let blocks = divideUp(size, VERITY_BLOCK_SIZE); blocks > 1;) {
    blocks = divideUp(blocks, digestsPerBlock);
    counts.push(blocks);
  }
  const starts: number[] = [];
  let start = verityStart(size);
  // The highest level comes first.
  for (let level = counts.length - 1; level >= 0; level--) {
    starts[level] = start;
    start += counts[level] * VERITY_BLOCK_SIZE;
  }
  return starts;
}
