/**
 * A private cache for one run, which leaves nothing behind.
 *
 * @module
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isStillAt, tryLock } from "../../io/file_lock.ts";
import { systemError } from "../../io/system_error.ts";
import { ImageError } from "../../image_error.ts";
import { BlobCache } from "./blob_cache.ts";

const PREFIX = "oci2rootfs-spool-";
/** The file whose lock says that the run is alive. */
const LOCK_NAME = "lock";

/**
 * Makes a cache in a new directory below `parent`, which is removed when the cache is closed. What
 * killed runs of the same user left there is removed now.
 *
 * Throws `ImageError` `PERMISSION`, `OUT_OF_SPACE` or `IO`.
 */
export function openSpool(parent: string = tmpdir()): BlobCache {
  // A concurrent run may take a new directory for a leftover in the instant before it is locked.
  for (let attempt = 0; attempt < 16; attempt++) {
    const spool = tryOpen(parent);
    if (spool === null) continue;
    removeLeftovers(parent, spool.directory);
    return spool;
  }
  throw new ImageError("IO", `Cannot make directory in "${parent}": it keeps vanishing`);
}

function tryOpen(parent: string): BlobCache | null {
  try {
    const directory = mkdtempSync(join(parent, PREFIX));
    const path = join(directory, LOCK_NAME);
    const file = Deno.openSync(path, { write: true, createNew: true });
    if (tryLock(file, "exclusive") === "taken" || !isStillAt(file, path)) {
      file.close();
      return null;
    }
    let isOpen = true;
    return new BlobCache(directory, () => {
      if (!isOpen) return;
      isOpen = false;
      removeTree(directory);
      file.close();
    });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw systemError(error, "make temporary directory in", parent);
  }
}

/** Removes the directories of dead runs that belong to the owner of `own`. */
function removeLeftovers(parent: string, own: string): void {
  for (const name of namesOrNone(parent)) {
    const directory = join(parent, name);
    if (!name.startsWith(PREFIX) || directory === own) continue;
    try {
      // Links and what belongs to others are none of ours.
      const { isDirectory, uid } = Deno.lstatSync(directory);
      if (!isDirectory || uid !== Deno.lstatSync(own).uid) continue;
      using file = Deno.openSync(join(directory, LOCK_NAME), { write: true });
      if (tryLock(file, "exclusive") === "locked") removeTree(directory);
    } catch {
      // Gone meanwhile, or just being made.
    }
  }
}

/** A temporary directory may be writable and not readable. */
function namesOrNone(path: string): string[] {
  try {
    return [...Deno.readDirSync(path)].map(({ name }) => name);
  } catch {
    return [];
  }
}

function removeTree(directory: string): void {
  try {
    Deno.removeSync(directory, { recursive: true });
  } catch {
    // The next run tries again.
  }
}
