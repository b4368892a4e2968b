/**
 * What is at a path.
 *
 * @module
 */
import { statSync } from "node:fs";
import { isMissing, systemError } from "./system_error.ts";

/** A directory, a regular file, or something else (a device, a socket, a pipe). */
export type PathKind = "directory" | "file" | "other";

/**
 * Looks what is at `path`, symbolic links followed; `null` when nothing is.
 *
 * Throws `ImageError` `PERMISSION` or `IO`.
 */
export function pathKind(path: string): PathKind | null {
  try {
    const stat = statSync(path);
    return stat.isDirectory() ? "directory" : stat.isFile() ? "file" : "other";
  } catch (cause) {
    if (isMissing(cause)) return null;
    throw systemError("open", path, cause);
  }
}
