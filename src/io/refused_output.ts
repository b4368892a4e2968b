/**
 * The error for an output that stands where it must not be written.
 *
 * @module
 */
import { type ErrorSubject, ImageError } from "../image_error.ts";

/** `EXISTS`: what was found at the output `path`, and what may be there; `subject` as in hints. */
export function refusedOutput(
  path: string,
  observed: string,
  expected: string,
  subject?: ErrorSubject,
): ImageError {
  return new ImageError(
    "EXISTS",
    `Cannot write output "${path}": ${observed}, expected ${expected}`,
    { where: { source: path }, subject },
  );
}
