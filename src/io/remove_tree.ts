/**
 * Removes a directory with all that is in it.
 *
 * @module
 */
import { join } from "node:path";

/**
 * Removes what is at `path`; symbolic links are removed, never followed. Answers whether it is gone:
 * what belongs to others stays.
 */
export function removeTree(path: string): boolean {
  if (tryRemove(path)) return true;
  // From a directory without permission to write only root can remove.
  openUp(path);
  return tryRemove(path);
}

function tryRemove(path: string): boolean {
  try {
    Deno.removeSync(path, { recursive: true });
    return true;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}

/** Lets the owner change all directories below `path`. */
function openUp(path: string): void {
  const pending = [path];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    try {
      Deno.chmodSync(next, 0o700);
      for (const { name, isDirectory } of Deno.readDirSync(next)) {
        if (isDirectory) pending.push(join(next, name));
      }
    } catch {
      // Gone, or of another user: removing tells.
    }
  }
}
