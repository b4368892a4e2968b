import { strictEqual } from "node:assert/strict";
import { emptyTree, type FileTree } from "../tree/file_tree.ts";
import { FileKind, Inode } from "../tree/inode.ts";
import { formatNamed } from "./formats.ts";
import { takeOutOwnDirectory } from "./own_directory.ts";

const EXT4 = formatNamed("ext4")!;

function treeWith(change: (own: Inode) => void): FileTree {
  const tree = emptyTree();
  const own = new Inode(FileKind.directory, 0o700);
  change(own);
  tree.root.children!.set("lost+found", own);
  tree.root.linkCount = 3;
  return tree;
}

Deno.test("takeOutOwnDirectory() takes an empty lost+found of ext4 out", () => {
  const tree = treeWith(() => {});
  strictEqual(takeOutOwnDirectory(tree, EXT4), true);
  strictEqual(tree.root.children!.size, 0);
  strictEqual(tree.root.linkCount, 2);
  strictEqual(takeOutOwnDirectory(tree, EXT4), false);
});

Deno.test("takeOutOwnDirectory() leaves a lost+found that somebody used or changed", () => {
  const changes: ((own: Inode) => void)[] = [
    (own) => own.children!.set("found", new Inode(FileKind.regular, 0)),
    (own) => own.permissions = 0o755,
    (own) => own.uid = 1,
    (own) => own.gid = 1,
    (own) => own.xattrs = [{ name: "user.a", value: new Uint8Array() }],
  ];
  for (const change of changes) {
    const tree = treeWith(change);
    strictEqual(takeOutOwnDirectory(tree, EXT4), false);
    strictEqual(tree.root.children!.size, 1);
    strictEqual(tree.root.linkCount, 3);
  }
});

Deno.test("takeOutOwnDirectory() leaves it in formats that have none of their own", () => {
  const tree = treeWith(() => {});
  strictEqual(takeOutOwnDirectory(tree, { ...EXT4, ownDirectory: undefined }), false);
});
