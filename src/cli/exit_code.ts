/**
 * Exit codes: one for each group of errors, so that a script can tell them apart.
 *
 * @module
 */
import { ImageError, type ImageErrorCode } from "../image_error.ts";
import { Interruption } from "./interruption.ts";
import { UsageError } from "./usage_error.ts";

/** What each exit code means. */
export const EXIT_CODES = {
  0: "done",
  1: "`diff`, `verify` or `composefs fsck` found something",
  2: "wrong arguments",
  3: "the input is damaged, hostile, or not what its digest says",
  4: "the input needs a feature that is not supported, or goes beyond a limit",
  5: "the image, a file or a platform was not found, or several match",
  6: "the output must not be replaced",
  7: "permission denied",
  8: "out of space: the image or the disk is full",
  9: "another failure of the operating system",
  10: "a registry answered with an error",
  70: "an error inside the program",
  130: "interrupted (SIGINT)",
  143: "terminated (SIGTERM)",
} as const;
/** One of the exit codes. */
export type ExitCode = keyof typeof EXIT_CODES;

const BY_ERROR_CODE: Readonly<Record<ImageErrorCode, ExitCode>> = {
  CORRUPT: 3,
  DIGEST_MISMATCH: 3,
  UNSAFE_PATH: 3,
  UNSUPPORTED: 4,
  LIMIT_EXCEEDED: 4,
  NOT_FOUND: 5,
  AMBIGUOUS: 5,
  EXISTS: 6,
  PERMISSION: 7,
  OUT_OF_SPACE: 8,
  IO: 9,
  REGISTRY: 10,
};

/** The exit code for what was thrown. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof ImageError) return BY_ERROR_CODE[error.code];
  if (error instanceof UsageError) return 2;
  if (error instanceof Interruption) return error.exitCode;
  return 70;
}
