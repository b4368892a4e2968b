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
  /** In how many of the directories, from the newest, a name is to be looked for. */
  depthOf(name: ByteString): number;
}

/**
 * Merges the names of directories, newest first.
 *
 * Throws `ImageError` `CORRUPT` for a whiteout that names nothing.
 */
export function mergeNames(listed: readonly (readonly ByteString[])[]): MergedNames {
  const names = new Set<ByteString>();
  const whiteouts = new Map<ByteString, number>();
  let depth = listed.length;
  for (let i = 0; i < depth; i++) {
    for (const name of listed[i]) {
      const deletion = parseDeletion(name);
      if (deletion === null) names.add(name);
      else if (deletion.kind === "opaque") depth = i + 1;
      else if (deletion.kind === "whiteout" && !whiteouts.has(deletion.path)) {
        whiteouts.set(deletion.path, i + 1);
      }
    }
  }
  return {
    names: [...names].sort(),
    depthOf: (name) => whiteouts.get(name) ?? depth,
  };
}
