/**
 * Makes room in a cache: what was not used for the longest time goes first.
 *
 * @module
 */
import { isStillAt, tryLock } from "../../io/file_lock.ts";
import { type CacheEntry, listEntries } from "./cache_contents.ts";
import { removeIfThere } from "./partial_blob.ts";
import { listTagNotes } from "./tag_notes.ts";
import { blobPath } from "./cache_paths.ts";
import { parseDigest } from "../../oci/digest.ts";

/** What pruning did. */
export interface PruneReport {
  /** Files that were removed. */
  readonly removed: readonly CacheEntry[];
  /** Bytes of them. */
  readonly removedBytes: number;
  /** Bytes that are left. */
  readonly leftBytes: number;
}

/** A file without a lock (where there are none) and used a shorter time ago may be in use. */
const IN_USE_MILLISECONDS = 60 * 60 * 1000;

/**
 * Removes the files that were not used for the longest time until at most `maxBytes` are left, and
 * what killed runs have left over. Files that any process is using stay.
 *
 * Throws `ImageError` `PERMISSION` or `IO`.
 */
export function pruneCache(
  directory: string,
  maxBytes: number,
  nowMilliseconds: number = Date.now(),
): PruneReport {
  const entries = listEntries(directory);
  let leftBytes = entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const removed: CacheEntry[] = [];
  for (const entry of entries) {
    const isOld = entry.usedMilliseconds < nowMilliseconds - IN_USE_MILLISECONDS;
    const wanted = entry.kind === "leftover" ? isOld : leftBytes > maxBytes;
    if (!wanted || !removeUnused(entry.path, isOld)) continue;
    removed.push(entry);
    leftBytes -= entry.sizeBytes;
  }
  removeNotes(directory);
  const removedBytes = removed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return { removed, removedBytes, leftBytes };
}

function removeUnused(path: string, isOld: boolean): boolean {
  try {
    using file = Deno.openSync(path, { read: true, write: true });
    const lock = tryLock(file, "exclusive");
    if (lock === "taken" || (lock === "unsupported" && !isOld)) return false;
    if (!isStillAt(file, path)) return false;
    Deno.removeSync(path);
    return true;
  } catch {
    return false; // Gone meanwhile, or of another user.
  }
}

/** Notes on manifests that are gone are of no use. */
function removeNotes(directory: string): void {
  for (const { path, note } of listTagNotes(directory)) {
    try {
      Deno.statSync(blobPath(directory, parseDigest(note.digest)));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) removeIfThere(path);
    }
  }
}
