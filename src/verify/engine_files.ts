/**
 * What Docker puts into every container, and so into what it exports.
 *
 * @module
 */
import type { ByteString } from "../bytes/byte_string.ts";

/** Patterns of the files, as `Exclusion` takes them. */
export const ENGINE_FILES: readonly string[] = [
  "/.dockerenv",
  "/dev",
  "/etc/hostname",
  "/etc/hosts",
  "/etc/mtab",
  "/etc/resolv.conf",
  "/proc",
  "/sys",
];

/** Directories whose time it changes by that. */
export const ENGINE_TIMES: ReadonlySet<ByteString> = new Set(["", "etc"]);
