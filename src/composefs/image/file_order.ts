/**
 * The order of the files in an image, and the files that an image has besides those of the tree.
 *
 * @module
 */
import type { ByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { type FileTree, sortedNames } from "../../tree/file_tree.ts";
import { FileKind, Inode } from "../../tree/inode.ts";
import type { ImageContent } from "./content.ts";
import { ImageInode } from "./image_inode.ts";
import type { ImageVersion } from "./image_version.ts";

/** Names of the directories in which objects are: `00` to `ff`. */
export const OBJECT_DIRECTORIES: readonly ByteString[] = Array.from(
  { length: 256 },
  (_, i) => i.toString(16).padStart(2, "0"),
);

/** The files of an image in their order. `Inode.number` is the place in it. */
export interface FileOrder {
  /** The root first. */
  readonly files: readonly ImageInode[];
  /** Files of the image that stand for whiteouts of the tree; none in version 2. */
  readonly whiteouts: readonly ImageInode[];
}

/** Whether a file is what overlayfs takes for a deleted name: a device with number 0:0. */
export function isWhiteout({ kind, deviceMajor, deviceMinor }: Inode): boolean {
  return kind === FileKind.characterDevice && deviceMajor === 0 && deviceMinor === 0;
}

/** Puts the files of a tree in order and numbers them. */
export function orderFiles(tree: FileTree<ImageContent>, version: ImageVersion): FileOrder {
  return version === 2 ? depthFirst(tree) : breadthFirst(tree);
}

/** Version 2: each directory before what is in it, a file at its first name. */
function depthFirst(tree: FileTree<ImageContent>): FileOrder {
  const files = [new ImageInode(tree.root, null, false)];
  const seen = new Set<Inode>();
  const pending = [{ directory: files[0], names: sortedNames(tree.root), next: 0 }];
  tree.root.number = 0;
  files[0].names = withDots(pending[0].names);
  while (pending.length > 0) {
    const level = pending[pending.length - 1];
    if (level.next === level.names.length) {
      pending.pop();
      continue;
    }
    const inode = level.directory.inode.children!.get(level.names[level.next++])!;
    if (inode.kind !== FileKind.directory) {
      if (seen.has(inode)) {
        if (isWhiteout(inode)) throw linkedWhiteout();
        continue;
      }
      seen.add(inode);
    }
    const file = addFile(files, inode, level.directory, false);
    if (inode.kind === FileKind.directory) {
      const names = sortedNames(inode);
      file.names = withDots(names);
      pending.push({ directory: file, names, next: 0 });
    }
  }
  return { files, whiteouts: [] };
}

/**
 * Versions 0 and 1: directory by directory; a file with several names stands where its first name
 * is in depth-first order. The names under which overlayfs would show the directories of objects
 * are hidden by whiteouts.
 */
function breadthFirst(tree: FileTree<ImageContent>): FileOrder {
  const places = firstPlaces(tree);
  const root = withHiddenObjects(tree.root);
  const files = [new ImageInode(root, null, false)];
  const whiteouts: ImageInode[] = [];
  root.number = 0;
  for (let i = 0; i < files.length; i++) {
    const directory = files[i];
    if (directory.kind !== FileKind.directory) continue;
    const names = sortedNames(directory.inode);
    directory.names = withDots(names);
    for (const name of names) {
      const inode = directory.inode.children!.get(name)!;
      const place = places.get(inode);
      if (
        place !== undefined && (place.name !== name || place.parent !== placeOf(directory, tree))
      ) {
        continue;
      }
      const isHidden = i === 0 && isWhiteout(inode) && tree.root.children!.get(name) === undefined;
      const isOfTree = isWhiteout(inode) && !isHidden;
      const file = addFile(files, inode, directory, isOfTree);
      if (isOfTree) whiteouts.push(file);
    }
  }
  return { files, whiteouts };
}

/** The directory of the tree that a directory of the image stands for. */
function placeOf(directory: ImageInode, tree: FileTree): Inode {
  return directory.parent === directory ? tree.root : directory.inode;
}

function addFile(
  files: ImageInode[],
  inode: Inode<ImageContent>,
  parent: ImageInode,
  isWhiteout: boolean,
): ImageInode {
  const file = new ImageInode(inode, parent, isWhiteout);
  inode.number = files.length;
  files.push(file);
  return file;
}

/** The first name in depth-first order of each file that has several. */
function firstPlaces(tree: FileTree): Map<Inode, { parent: Inode; name: ByteString }> {
  const places = new Map<Inode, { parent: Inode; name: ByteString }>();
  if (!markSeveralNames(tree)) return places;
  const pending = [{ directory: tree.root, names: sortedNames(tree.root), next: 0 }];
  while (pending.length > 0) {
    const level = pending[pending.length - 1];
    if (level.next === level.names.length) {
      pending.pop();
      continue;
    }
    const name = level.names[level.next++];
    const inode = level.directory.children!.get(name)!;
    if (inode.kind === FileKind.directory) {
      pending.push({ directory: inode, names: sortedNames(inode), next: 0 });
    } else if (inode.number > 1 && !places.has(inode)) {
      if (isWhiteout(inode)) throw linkedWhiteout();
      places.set(inode, { parent: level.directory, name });
    }
  }
  return places;
}

/** Only the directory of one name could be marked for the other whiteouts of it. */
function linkedWhiteout(): ImageError {
  return new ImageError(
    "UNSUPPORTED",
    "Cannot write whiteout: it has several names, expected one",
  );
}

/** Sets the number of each file to that of its names, and answers whether any has several. */
function markSeveralNames(tree: FileTree): boolean {
  const each = (visit: (child: Inode) => void) => {
    const pending: Inode[] = [tree.root];
    for (let directory = pending.pop(); directory; directory = pending.pop()) {
      for (const child of directory.children!.values()) {
        visit(child);
        if (child.kind === FileKind.directory) pending.push(child);
      }
    }
  };
  let isAny = false;
  each((child) => child.number = 0);
  each((child) => {
    if (child.kind !== FileKind.directory && ++child.number > 1) isAny = true;
  });
  return isAny;
}

/** A copy of the root with a whiteout for every name of a directory of objects that is free. */
function withHiddenObjects(root: Inode<ImageContent>): Inode<ImageContent> {
  const copy = Object.assign(new Inode<ImageContent>(root.kind, root.permissions), root);
  copy.children = new Map(root.children);
  const label = root.xattrs.filter(({ name }) => name === "security.selinux");
  for (const name of OBJECT_DIRECTORIES) {
    if (copy.children.has(name)) continue;
    const whiteout = new Inode<ImageContent>(FileKind.characterDevice, 0o644);
    whiteout.uid = root.uid;
    whiteout.gid = root.gid;
    whiteout.mtimeSeconds = root.mtimeSeconds;
    whiteout.mtimeNanoseconds = root.mtimeNanoseconds;
    whiteout.xattrs = label;
    whiteout.linkCount = 1;
    copy.children.set(name, whiteout);
  }
  return copy;
}

function withDots(names: readonly ByteString[]): ByteString[] {
  return [...names, ".", ".."].sort();
}
