/**
 * Advisory locks of files. They die with their process, so that they tell whether whoever made a
 * file is still at work. Nobody ever waits for one.
 *
 * @module
 */

/** What became of an attempt; some network file systems have no locks. */
export type LockAttempt = "locked" | "taken" | "unsupported";

/** Tries to lock an open file, alone or together with others. Closing the file gives the lock back. */
export function tryLock(file: Deno.FsFile, kind: "exclusive" | "shared"): LockAttempt {
  try {
    return file.tryLockSync(kind === "exclusive") ? "locked" : "taken";
  } catch {
    return "unsupported";
  }
}

/** Whether `path` still names the open file: it may have been removed or renamed before the lock. */
export function isStillAt(file: Deno.FsFile, path: string): boolean {
  try {
    const named = Deno.lstatSync(path);
    const open = file.statSync();
    return named.ino === open.ino && named.dev === open.dev;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
