/**
 * How many files of each kind a tree has.
 *
 * @module
 */
import { eachDirectory, type FileTree } from "../tree/file_tree.ts";
import { FileKind } from "../tree/inode.ts";

/** Numbers of files; each hard-linked file counts once. */
export interface FileCounts {
  /** Regular files. */
  readonly regular: number;
  /** Directories, the root included. */
  readonly directory: number;
  /** Symbolic links. */
  readonly symlink: number;
  /** Character devices. */
  readonly characterDevice: number;
  /** Block devices. */
  readonly blockDevice: number;
  /** Named pipes. */
  readonly fifo: number;
  /** Sockets. */
  readonly socket: number;
  /** Further names of files that were counted under another name. */
  readonly hardLinks: number;
  /** Sum of the sizes of regular files, bytes; a hard-linked file counts once. */
  readonly fileBytes: number;
}

/** Counts the files of a tree whose link counts are set. */
export function countFiles(tree: FileTree): FileCounts {
  const byKind = new Array<number>(8).fill(0);
  const linkedSeen = new Set<object>();
  let hardLinks = 0;
  let fileBytes = 0;
  byKind[FileKind.directory] = 1;
  eachDirectory(tree, (directory) => {
    for (const child of directory.children!.values()) {
      if (child.kind !== FileKind.directory && child.linkCount > 1) {
        if (linkedSeen.has(child)) {
          hardLinks++;
          continue;
        }
        linkedSeen.add(child);
      }
      byKind[child.kind]++;
      if (child.kind === FileKind.regular) fileBytes += child.size;
    }
  });
  return {
    regular: byKind[FileKind.regular],
    directory: byKind[FileKind.directory],
    symlink: byKind[FileKind.symlink],
    characterDevice: byKind[FileKind.characterDevice],
    blockDevice: byKind[FileKind.blockDevice],
    fifo: byKind[FileKind.fifo],
    socket: byKind[FileKind.socket],
    hardLinks,
    fileBytes,
  };
}
