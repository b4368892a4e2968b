/**
 * The names of a repository's objects, and of the hash functions that make them.
 *
 * @module
 */
import { VERITY_DIGEST_SIZES, type VerityAlgorithm } from "../../fsverity/verity_algorithm.ts";
import { ImageError } from "../../image_error.ts";
import { quote } from "../../oci/quote.ts";

/**
 * The fs-verity digest of an object in lower-case hexadecimal: 64 characters for sha256, 128 for
 * sha512. A value of this type was checked, and may stand in a path.
 */
export type ObjectId = string;

/** Name of an algorithm with its block size of 2^12 bytes, as `fsverity-sha256-12`. */
export function formatAlgorithm(algorithm: VerityAlgorithm): string {
  return `fsverity-${algorithm}-12`;
}

/**
 * Reads `fsverity-sha256-12`, or what stands behind its first dash, or `sha256` alone. Throws
 * `ImageError` `UNSUPPORTED` for another algorithm or block size.
 */
export function parseAlgorithm(text: string): VerityAlgorithm {
  const match = /^(?:fsverity-)?(sha256|sha512)(?:-12)?$/.exec(text);
  if (match !== null) return match[1] as VerityAlgorithm;
  throw new ImageError(
    "UNSUPPORTED",
    `Cannot use algorithm ${quote(text)}: it is not known, expected fsverity-sha256-12 or ` +
      "fsverity-sha512-12",
  );
}

/** Whether `text` is the name of an object. */
export function isObjectId(text: string, algorithm: VerityAlgorithm): boolean {
  return text.length === 2 * VERITY_DIGEST_SIZES[algorithm] && /^[0-9a-f]+$/.test(text);
}
