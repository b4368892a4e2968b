/**
 * Finding the file that a path names in a tree.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../bytes/byte_string.ts";
import { ImageError, type ImageErrorCode } from "../image_error.ts";
import type { FileTree } from "../tree/file_tree.ts";
import { FileKind, type Inode } from "../tree/inode.ts";

/** As many symbolic links as Linux follows in one path. */
const MAX_SYMLINKS = 40;

/** A file that was found. */
export interface FoundFile<C = unknown> {
  /** The path it was asked for by, without the slashes that say nothing; empty for the root. */
  readonly path: ByteString;
  /** The file. */
  readonly inode: Inode<C>;
}

/**
 * The file at `path` of `tree`. Symbolic links on the way are followed, inside the tree; the last one
 * too with `follow`, or where the path ends with a slash.
 *
 * Throws `ImageError` `NOT_FOUND` where nothing is there, or no directory on the way; `CORRUPT` for
 * links that never end.
 */
export function findPath<C>(
  tree: FileTree<C>,
  path: ByteString,
  follow: boolean,
): FoundFile<C> {
  const directories: Inode<C>[] = [tree.root];
  const pending = path.split("/").reverse();
  let file: Inode<C> | null = null;
  let followed = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    // A slash at the end asks for a directory too.
    if (file !== null) throw failure("NOT_FOUND", path, "a part of it is no directory");
    if (name === "" || name === ".") continue;
    if (name === "..") {
      if (directories.length > 1) directories.pop();
      continue;
    }
    const child: Inode<C> | undefined = directories[directories.length - 1].children!.get(name);
    if (child === undefined) throw failure("NOT_FOUND", path, "nothing is there");
    if (child.kind === FileKind.directory) {
      directories.push(child);
    } else if (child.kind === FileKind.symlink && (follow || pending.length > 0)) {
      if (++followed > MAX_SYMLINKS) throw failure("CORRUPT", path, "its symbolic links never end");
      if (child.target.startsWith("/")) directories.length = 1;
      pending.push(...child.target.split("/").reverse());
    } else {
      file = child;
    }
  }
  return {
    path: path.split("/").filter((name) => name !== "" && name !== ".").join("/"),
    inode: file ?? directories[directories.length - 1],
  };
}

function failure(code: ImageErrorCode, path: ByteString, observed: string): ImageError {
  return new ImageError(
    code,
    `Cannot find "${displayByteString(path)}" in the image: ${observed}, ` +
      "expected a file",
    { subject: "file" },
  );
}
