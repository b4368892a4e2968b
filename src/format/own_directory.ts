/**
 * The directory that a format puts into every image by itself, as ext4 does `lost+found`.
 *
 * @module
 */
import type { FileTree } from "../tree/file_tree.ts";
import { FileKind } from "../tree/inode.ts";
import type { FormatEntry } from "./formats.ts";

/**
 * Takes the format's own directory out of the root of `tree`, which was read from such an image,
 * where it is as the format makes it: empty, 0700, of root, without attributes. Whoever used it or
 * changed it made it a directory like all others. Answers whether it was taken out.
 */
export function takeOutOwnDirectory(tree: FileTree, format: FormatEntry): boolean {
  const { ownDirectory } = format;
  const own = ownDirectory === undefined ? undefined : tree.root.children!.get(ownDirectory);
  const isOwn = own !== undefined && own.kind === FileKind.directory && own.children!.size === 0 &&
    own.permissions === 0o700 && own.uid === 0 && own.gid === 0 && own.xattrs.length === 0;
  if (!isOwn) return false;
  tree.root.children!.delete(ownDirectory!);
  if (tree.root.linkCount > 2) tree.root.linkCount--;
  return true;
}
