/**
 * Removes a directory with all that is in it.
 *
 * @module
 */
import { join } from "node:path";
import { mountPointIn } from "./mount_table.ts";

/**
 * Removes the directory at `path`, an absolute one that no other user may enter; symbolic links are
 * removed, never followed. Answers whether it is gone: what belongs to others stays, and so does
 * everything where something is mounted in it.
 */
export function removeTree(path: string): boolean {
  if (mountPointIn(path) !== null) return false;
  if (tryRemove(path)) return true;
  attempt(() => flatten(path));
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

/**
 * Moves directories from deep below `path` into it and removes them there: they may be deeper than
 * files can be open or names be long, and their owner may have no permission to write to them.
 */
function flatten(path: string): void {
  // Root needs no permission, and a name of others in an old tree may lead elsewhere by now.
  const isOwnerRoot = Deno.lstatSync(path).uid === 0;
  const pending = [path];
  let count = 0;
  while (pending.length > 0) {
    const directory = pending.pop()!;
    if (!isOwnerRoot) attempt(() => Deno.chmodSync(directory, 0o700));
    for (const child of directoriesIn(directory)) {
      if (directory === path) {
        pending.push(child);
        continue;
      }
      const moved = join(path, `moved-${count++}`);
      attempt(() => {
        // A directory that changes its place is written to.
        if (!isOwnerRoot) Deno.chmodSync(child, 0o700);
        Deno.renameSync(child, moved);
        // It may have become something else before it came here.
        if (Deno.lstatSync(moved).isDirectory) pending.push(moved);
      });
    }
    if (directory !== path) tryRemove(directory);
  }
}

function directoriesIn(directory: string): string[] {
  try {
    const entries = [...Deno.readDirSync(directory)];
    return entries.filter((it) => it.isDirectory).map(({ name }) => join(directory, name));
  } catch {
    return []; // Of another user: removing tells.
  }
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // Gone, or of another user: removing tells.
  }
}
