/**
 * What a caller can choose about the merge.
 *
 * @module
 */
import type { Inode } from "../tree/inode.ts";

/** Choices where tools disagree. */
export interface MergeOptions {
  /**
   * An entry whose parent is a symbolic link of an older layer, and is not itself in the entry's
   * layer: `follow` puts it where the link leads (inside the root), as unpacking into one
   * directory does; `replace` hides the link behind a real directory, as an overlayfs mount does.
   */
  readonly symlinkedParents: "follow" | "replace";
  /** A directory entry over a symbolic link to a directory keeps the link. */
  readonly keepDirlinks: boolean;
  /** Time of directories that no layer describes, seconds since 1970. */
  readonly createdSeconds: number;
}

/** Gives `to` the owner, permissions, times and attributes of `from`; old attributes are gone. */
export function copyMetadata(from: Inode, to: Inode): void {
  to.permissions = from.permissions;
  to.uid = from.uid;
  to.gid = from.gid;
  to.mtimeSeconds = from.mtimeSeconds;
  to.mtimeNanoseconds = from.mtimeNanoseconds;
  to.atimeSeconds = from.atimeSeconds;
  to.atimeNanoseconds = from.atimeNanoseconds;
  to.xattrs = from.xattrs;
}
