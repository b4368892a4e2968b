/**
 * A whole root filesystem in memory: names and metadata, not the bytes of files.
 *
 * @module
 */
import type { ByteString } from "../bytes/byte_string.ts";
import { FileKind, Inode } from "./inode.ts";
import type { LayerMarks } from "./layer_marks.ts";

/** A tree of files; `C` is the location of a regular file's bytes. */
export interface FileTree<C = unknown> {
  /** The root directory. */
  readonly root: Inode<C>;
  /** What it means for a base below it; only where the tree is a layer. */
  readonly marks?: LayerMarks;
}

/** One name in a tree. */
export interface TreeEntry<C = unknown> {
  /** Path without a leading slash; empty for the root. */
  readonly path: ByteString;
  /** Last component of the path; empty for the root. */
  readonly name: ByteString;
  /** The file of that name. */
  readonly inode: Inode<C>;
  /** Its directory; the root is its own parent. */
  readonly parent: Inode<C>;
}

/** Names of a directory in byte order. */
export function sortedNames(directory: Inode): ByteString[] {
  return [...directory.children!.keys()].sort();
}

/** All names, each directory before its content, siblings in byte order. Depth is not limited by the stack. */
export function* walk<C>(tree: FileTree<C>): Generator<TreeEntry<C>> {
  yield { path: "", name: "", inode: tree.root, parent: tree.root };
  const pending: { path: ByteString; directory: Inode<C>; names: ByteString[]; next: number }[] = [
    { path: "", directory: tree.root, names: sortedNames(tree.root), next: 0 },
  ];
  while (pending.length > 0) {
    const level = pending[pending.length - 1];
    if (level.next === level.names.length) {
      pending.pop();
      continue;
    }
    const name = level.names[level.next++];
    const inode = level.directory.children!.get(name)!;
    const path = level.path === "" ? name : `${level.path}/${name}`;
    yield { path, name, inode, parent: level.directory };
    if (inode.kind === FileKind.directory) {
      pending.push({ path, directory: inode, names: sortedNames(inode), next: 0 });
    }
  }
}

/**
 * Sets every inode's `linkCount` from the names in the tree. Inodes that are not in the tree keep
 * the 0 they were created with, so this also tells the living from the dead.
 */
export function countLinks(tree: FileTree): void {
  eachDirectory(tree, (directory) => {
    for (const child of directory.children!.values()) child.linkCount = 0;
  });
  tree.root.linkCount = 2;
  eachDirectory(tree, (directory) => {
    for (const child of directory.children!.values()) {
      if (child.kind === FileKind.directory) {
        child.linkCount = 2;
        directory.linkCount++;
      } else {
        child.linkCount++;
      }
    }
  });
}

/**
 * Sets every inode's `number` to how many names it has in the tree. To note something for each file
 * with several names takes far less than to note it for each file.
 */
export function countNames(tree: FileTree): void {
  tree.root.number = 1;
  eachDirectory(tree, ({ children }) => {
    for (const child of children!.values()) child.number = 0;
  });
  eachDirectory(tree, ({ children }) => {
    for (const child of children!.values()) child.number++;
  });
}

/** Visits every directory, each before the directories in it; no order among siblings. */
export function eachDirectory<C>(
  tree: FileTree<C>,
  visit: (directory: Inode<C>) => void,
): void {
  const pending: Inode<C>[] = [tree.root];
  for (let directory = pending.pop(); directory; directory = pending.pop()) {
    visit(directory);
    for (const child of directory.children!.values()) {
      if (child.kind === FileKind.directory) pending.push(child);
    }
  }
}

/** An empty root directory, 0755 root:root, time 0. */
export function emptyTree<C>(): FileTree<C> {
  return { root: new Inode<C>(FileKind.directory, 0o755) };
}
