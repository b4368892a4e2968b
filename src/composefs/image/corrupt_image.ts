/**
 * The error for what is wrong in an image.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";

/** The error for something in an image that is wrong. */
export function corrupt(
  thing: string,
  observed: string,
  expected: string,
  offset: number,
): ImageError {
  return new ImageError(
    "CORRUPT",
    `Cannot read ${thing}: ${observed}, expected ${expected}`,
    { where: { offset } },
  );
}
