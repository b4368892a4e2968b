/**
 * What a tree means for a base below it, where the tree is a layer and not a whole root filesystem.
 *
 * @module
 */
import type { ByteString } from "../bytes/byte_string.ts";
import type { Inode } from "./inode.ts";

/** What a directory means for the directory of the same path in a base. */
export interface DirectoryMarks {
  /** Owner, permissions, times and attributes are the base's; 0755 of root where it has none. */
  readonly isInherited: boolean;
  /** Nothing of what the base has in it is left. */
  readonly isOpaque: boolean;
  /** The base's directory, or whatever it has there, is removed first; only its metadata is left. */
  readonly isReplaced: boolean;
  /** Names that the base may have in it, and that are removed. */
  readonly removed: readonly ByteString[];
}

/** The marks of directories; one that is not in it is as it is, over what the base has. */
export type LayerMarks = ReadonlyMap<Inode, DirectoryMarks>;
