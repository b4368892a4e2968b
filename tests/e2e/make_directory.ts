/**
 * Makes a directory from a small tree and says what was lost: a program of its own, so that tests
 * can run it as another user and without some permissions.
 *
 * @module
 */
import { directory, directorySink } from "../../src/format/directory/format.ts";
import { CaseTree } from "../conformance/case_tree.ts";
import { writeTree } from "../conformance/write_tree.ts";

const [path, options] = Deno.args;
const tree = new CaseTree()
  .directory("closed", { permissions: 0o500 })
  .file("closed/file", { size: 10, permissions: 0o400, xattrs: { "user.a": "b" } })
  .file("owned", { size: 3, uid: 1000, gid: 100, permissions: 0o6755 })
  .link("owned again", "owned")
  .file("capable", { size: 1, xattrs: { "security.capability": "\x01\0\0\x02" + "\0".repeat(16) } })
  .device("device", "characterDevice", 1, 3)
  .link("device again", "device")
  .special("fifo", "fifo")
  .symlink("link", "/nowhere", { mtime: [5, 5] });
tree.root.permissions = 0o555;
const format = directory(JSON.parse(options ?? "{}"));
const { notices } = await writeTree(format, tree.finish(), directorySink(path));
console.log(JSON.stringify(notices.map(({ message }) => message)));
