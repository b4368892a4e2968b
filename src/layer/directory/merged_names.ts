/**
 * The names of directories that are merged, and the whiteouts among them that are names: fuse-overlayfs
 * writes those where it may not make devices.
 *
 * @module
 */
import type { ByteString } from "../../bytes/byte_string.ts";
import { parseDeletion } from "../whiteout.ts";

/** Names of merged directories. */
export interface MergedNames {
  /** All of them in byte order; some may turn out to be deleted. */
  readonly names: readonly ByteString[];
  /** The directories, counted from the newest, in which a name is to be looked for. */
  rangeOf(name: ByteString): { readonly start: number; readonly end: number };
}

/**
 * Merges the names of directories, newest first.
 *
 * Throws `ImageError` `CORRUPT` for a whiteout that names nothing.
 */
export function mergeNames(listed: readonly (readonly ByteString[])[]): MergedNames {
  /** The first directory that has it, for each name. */
  const names = new Map<ByteString, number>();
  const whiteouts = new Map<ByteString, number>();
  let depth = listed.length;
  for (let i = 0; i < depth; i++) {
    for (const name of listed[i]) {
      const deletion = parseDeletion(name);
      if (deletion === null) {
        if (!names.has(name)) names.set(name, i);
      } else if (deletion.kind === "opaque") {
        depth = i + 1;
      } else if (deletion.kind === "whiteout" && !whiteouts.has(deletion.path)) {
        whiteouts.set(deletion.path, i + 1);
      }
    }
  }
  return {
    names: [...names.keys()].sort(),
    rangeOf: (name) => ({ start: names.get(name) ?? 0, end: whiteouts.get(name) ?? depth }),
  };
}
