import { strictEqual, throws } from "node:assert/strict";
import { emptyTree, type FileTree } from "../tree/file_tree.ts";
import { FileKind, Inode } from "../tree/inode.ts";
import { findPath } from "./find_path.ts";

function link(target: string): Inode {
  const inode = new Inode(FileKind.symlink, 0o777);
  inode.target = target;
  return inode;
}

/** `usr/lib/file`, and links that lead there, out of the root, nowhere, and in circles. */
function sample(): FileTree {
  const tree = emptyTree();
  const usr = new Inode(FileKind.directory, 0o755);
  const lib = new Inode(FileKind.directory, 0o755);
  lib.children!.set("file", new Inode(FileKind.regular, 0o644));
  lib.children!.set("up", link("../../../../usr/lib/file"));
  usr.children!.set("lib", lib);
  tree.root.children!
    .set("usr", usr).set("lib", link("usr/lib")).set("absolute", link("/usr/lib/"))
    .set("last", link("lib/file")).set("dangling", link("nothing")).set("loop", link("loop"))
    .set("\xc3\xa9", link("usr"));
  return tree;
}

Deno.test("findPath() follows links inside the tree and never leaves it", () => {
  const tree = sample();
  const lib = tree.root.children!.get("usr")!.children!.get("lib")!;
  const file = lib.children!.get("file")!;
  for (
    const path of [
      "/usr/lib/file",
      "usr//lib/./file",
      "/lib/file",
      "absolute/file",
      "last",
      "lib/up",
      "../../lib/../lib/file",
      "lib/../../usr/lib/file",
      "\xc3\xa9/lib/file",
    ]
  ) {
    strictEqual(findPath(tree, path, true).inode, file, path);
  }
  for (const path of ["", "/", ".", "..", "usr/..", "lib/../.."]) {
    strictEqual(findPath(tree, path, true).inode, tree.root, path);
  }
  // The last link is itself, unless a slash behind it asks for what it leads to.
  strictEqual(findPath(tree, "/lib", false).inode.kind, FileKind.symlink);
  strictEqual(findPath(tree, "/lib/", false).inode, lib);
  strictEqual(findPath(tree, "/lib", true).inode, lib);
  strictEqual(findPath(tree, "//lib/./file", true).path, "lib/file");
});

Deno.test("findPath() says why nothing is found", () => {
  const tree = sample();
  throws(
    () => findPath(tree, "/none", true),
    /Cannot find "\/none" in the image: nothing is there/,
  );
  throws(() => findPath(tree, "/dangling", true), /nothing is there/);
  throws(() => findPath(tree, "/last/x", true), /a part of it is no directory/);
  throws(() => findPath(tree, "/last/", true), /a part of it is no directory/);
  throws(() => findPath(tree, "/last/..", true), /a part of it is no directory/);
  throws(() => findPath(tree, "/loop", true), /never end/);
  strictEqual(findPath(tree, "/loop", false).inode.target, "loop");
  throws(() => findPath(tree, "a\nb", true), /"a\\x0ab"/);
});
