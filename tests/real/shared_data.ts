/**
 * Test data that takes long to make: made once, shared by all test files, kept for later runs.
 *
 * It lives below the machine's temporary directory, in `oci2rootfs-test-data-UID`, which may be
 * deleted at any time when no test runs.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";

/**
 * The directory of the data `name`. `make` fills a new directory when nobody did so yet with the
 * same `recipe` (the text of the script that makes it); test files that run at the same time wait
 * for each other.
 */
export function sharedData(
  name: string,
  recipe: string,
  make: (directory: string) => void,
): string {
  const parent = sharedDataDirectory();
  const hash = createHash("sha256").update(recipe).digest("hex").slice(0, 12);
  const directory = `${parent}/${name}-${hash}`;
  const lock = Deno.openSync(`${directory}.lock`, { create: true, write: true });
  try {
    lock.lockSync(true);
    if (!existsSync(directory)) {
      const partial = `${directory}.partial`;
      rmSync(partial, { recursive: true, force: true });
      mkdirSync(partial);
      make(partial);
      renameSync(partial, directory);
    }
  } finally {
    // Closing gives the lock back.
    lock.close();
  }
  return directory;
}

/** Where all shared data are; nobody else can write there. */
export function sharedDataDirectory(): string {
  const directory = `${tmpdir()}/oci2rootfs-test-data-${Deno.uid()}`;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (Deno.lstatSync(directory).uid !== Deno.uid()) {
    throw new Error(`Cannot use "${directory}": it belongs to somebody else`);
  }
  return directory;
}
