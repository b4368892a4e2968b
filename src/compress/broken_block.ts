/**
 * The error of compressed blocks.
 *
 * @module
 */
import { ImageError } from "../image_error.ts";

/** A block that cannot be decompressed. */
export function brokenBlock(
  what: string,
  observed: string,
  expected: string,
  cause?: unknown,
): ImageError {
  return new ImageError(
    "CORRUPT",
    `Cannot decompress ${what}: ${observed}, expected ${expected}`,
    { cause },
  );
}
