/**
 * What is at a path.
 *
 * @module
 */
import { statSync } from "node:fs";
import { ImageError } from "../image_error.ts";
import { systemError } from "../io/system_error.ts";
import { quote } from "../oci/quote.ts";

/** A directory, a regular file, or something else (a device, a socket, a pipe). */
export type PathKind = "directory" | "file" | "other";

/**
 * Looks what is at `path`, symbolic links followed; `null` when nothing is.
 *
 * Throws `ImageError` `PERMISSION` or `IO`.
 */
export function pathKind(path: string): PathKind | null {
  // No name holds a NUL; asking for one is an error of another kind.
  if (path === "" || path.includes("\0")) return null;
  try {
    const stat = statSync(path);
    return stat.isDirectory() ? "directory" : stat.isFile() ? "file" : "other";
  } catch (cause) {
    const error = systemError(cause, "open", path);
    if (error instanceof ImageError && isAbsence(error)) return null;
    throw error;
  }
}

/** Whether `path` can be seen to exist; where it must not be looked at it does not. */
export function pathExists(path: string): boolean {
  try {
    return pathKind(path) !== null;
  } catch (error) {
    if (error instanceof ImageError) return false;
    throw error;
  }
}

/** A path too long to be a path is not there either. */
function isAbsence(error: ImageError): boolean {
  return error.code === "NOT_FOUND" || error.code === "LIMIT_EXCEEDED";
}

const KIND_TEXTS: Readonly<Record<PathKind, string>> = {
  directory: "a directory",
  file: "a file",
  other: "no directory and no regular file",
};

/**
 * What is at `path`, which must be one of `kinds`.
 *
 * Throws `ImageError` `NOT_FOUND` where it is not, `PERMISSION` or `IO`.
 */
export function expectKind(path: string, kinds: readonly PathKind[]): PathKind {
  const kind = pathKind(path);
  if (kind !== null && kinds.includes(kind)) return kind;
  const observed = kind === null ? "nothing is there" : `it is ${KIND_TEXTS[kind]}`;
  throw new ImageError(
    "NOT_FOUND",
    `Cannot open ${quote(path)}: ${observed}, expected a ${kinds.join(" or ")}`,
  );
}
