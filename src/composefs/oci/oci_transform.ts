/**
 * What is changed of a container's files before they become an image, so that layers unpacked by
 * different tools give the same image.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { copyMetadata } from "../../merge/merge_options.ts";
import type { ContentReader } from "../../tree/content_reader.ts";
import { eachDirectory, type FileTree } from "../../tree/file_tree.ts";
import { FileKind, type Inode } from "../../tree/inode.ts";
import { LABEL_XATTR, labelTree } from "../selinux/label_tree.ts";
import { readPolicy } from "../selinux/policy_files.ts";
import type { XattrMode } from "./image_variant.ts";

const KEPT_XATTR = "security.capability";

/**
 * Gives the root the owner, mode, time and attributes of `/usr`, empties `/run`, and drops attributes
 * that depend on the machine. Throws `ImageError` `UNSUPPORTED` where there is no `/usr`.
 */
export function transformForOci(tree: FileTree, xattrs: XattrMode): void {
  const usr = directoryIn(tree, "usr");
  if (usr === null) {
    throw new ImageError(
      "UNSUPPORTED",
      "Cannot make image: the root takes its metadata from /usr, which is not there, expected a " +
        "directory (or to keep the files as they are)",
    );
  }
  copyMetadata(usr, tree.root);
  const run = directoryIn(tree, "run");
  if (run !== null) empty(run, usr);
  dropXattrs(
    tree,
    (name) => name === KEPT_XATTR || (xattrs === "keep-user-xattrs" && name.startsWith("user.")),
  );
}

/**
 * Empties `/boot` and `/sysroot`, where other files are mounted on a booted machine, and gives files
 * the labels of the image's own policy of SELinux; without one none has a label. Throws `ImageError`
 * `UNSUPPORTED` where one of the directories is missing, and as `readPolicy` and `labelTree` do.
 */
export function transformForBoot<C>(tree: FileTree<C>, content: ContentReader<C>): void {
  const usr = directoryIn(tree, "usr");
  for (const name of ["boot", "sysroot"]) {
    const directory = directoryIn(tree, name);
    if (directory === null || usr === null) {
      throw new ImageError(
        "UNSUPPORTED",
        `Cannot make bootable image: there is no directory /${name}, expected one`,
      );
    }
    empty(directory, usr);
  }
  const policy = readPolicy(tree, content);
  if (policy === null) dropXattrs(tree, (name) => name !== LABEL_XATTR);
  else labelTree(tree, policy);
}

function directoryIn(tree: FileTree, name: string): Inode | null {
  const inode = tree.root.children!.get(name);
  return inode?.kind === FileKind.directory ? inode : null;
}

function empty(directory: Inode, usr: Inode): void {
  directory.children!.clear();
  directory.mtimeSeconds = usr.mtimeSeconds;
  directory.mtimeNanoseconds = usr.mtimeNanoseconds;
}

function dropXattrs(tree: FileTree, keeps: (name: string) => boolean): void {
  const drop = (inode: Inode): void => {
    if (inode.xattrs.length > 0) inode.xattrs = inode.xattrs.filter(({ name }) => keeps(name));
  };
  drop(tree.root);
  eachDirectory(tree, (directory) => {
    for (const child of directory.children!.values()) drop(child);
  });
}
