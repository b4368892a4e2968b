/**
 * The hash algorithms of fs-verity, and the numbers that the kernel has for them.
 *
 * @module
 */
import { hash } from "node:crypto";

/** A hash algorithm that fs-verity knows. */
export type VerityAlgorithm = "sha256" | "sha512";

/** Bytes of a block of data or of the tree: the one size that every kernel takes. */
export const VERITY_BLOCK_SIZE = 4096;
/** Power of two of {@linkcode VERITY_BLOCK_SIZE}. */
export const VERITY_LOG_BLOCK_SIZE = 12;

/** `FS_VERITY_HASH_ALG_*` of the kernel. */
export const VERITY_ALGORITHM_NUMBERS: Readonly<Record<VerityAlgorithm, number>> = {
  sha256: 1,
  sha512: 2,
};

/** Bytes of a digest. */
export const VERITY_DIGEST_SIZES: Readonly<Record<VerityAlgorithm, number>> = {
  sha256: 32,
  sha512: 64,
};

/** The algorithm of that number of the kernel, `null` for none that we know. */
export function verityAlgorithmOf(number: number): VerityAlgorithm | null {
  if (number === VERITY_ALGORITHM_NUMBERS.sha256) return "sha256";
  return number === VERITY_ALGORITHM_NUMBERS.sha512 ? "sha512" : null;
}

/** Writes the plain digest of bytes (a block, or a descriptor) to `target` at `at`. */
export function writePlainDigest(
  algorithm: VerityAlgorithm,
  bytes: Uint8Array,
  target: Uint8Array,
  at: number,
): void {
  // Text costs less than bytes here: every digest as bytes is an allocation outside of the heap.
  const text = hash(algorithm, bytes, "hex");
  target.subarray(at, at + VERITY_DIGEST_SIZES[algorithm]).setFromHex(text);
}
