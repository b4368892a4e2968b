/**
 * Programs that must be in a tree.
 *
 * @module
 */
import type { ByteString } from "../bytes/byte_string.ts";
import { ImageError } from "../image_error.ts";
import { existingDirectory, MAX_SYMLINKS, PathWalk } from "../merge/path_walk.ts";
import type { FileTree } from "../tree/file_tree.ts";
import { FileKind, type Inode } from "../tree/inode.ts";

/**
 * Makes sure that a regular file is at one of `paths` (absolute), symbolic links followed inside the
 * root. Throws `ImageError` `NOT_FOUND`.
 */
export function expectProgram(tree: FileTree, paths: readonly ByteString[]): void {
  if (paths.some((path) => fileAt(tree.root, path)?.kind === FileKind.regular)) return;
  throw new ImageError(
    "NOT_FOUND",
    `Cannot make /init: the image has no ${paths.join(" and no ")}, which runs it, expected one`,
  );
}

function fileAt(root: Inode, path: ByteString): Inode | null {
  let rest = path;
  for (let followed = 0; followed <= MAX_SYMLINKS; followed++) {
    const slash = rest.lastIndexOf("/");
    const parent = rest.slice(0, slash + 1);
    const directory = existingDirectory(new PathWalk(root, parent));
    const file = directory?.children?.get(rest.slice(slash + 1));
    if (file === undefined || file.kind !== FileKind.symlink) return file ?? null;
    rest = file.target.startsWith("/") ? file.target : parent + file.target;
  }
  return null;
}
