/**
 * Images of `mkfs.erofs`: our reader finds in them what the kernel shows; and ours beside theirs.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { erofs } from "../../src/format/erofs/format.ts";
import { openErofs } from "../../src/format/erofs/reader.ts";
import { fileSource } from "../../src/io/file_source.ts";
import { compareTrees, formatDifference } from "../../src/tree/compare.ts";
import { withMountedImage } from "../loop_mount.ts";
import { MountedTree } from "../mounted_tree.ts";
import { mustRun } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { CaseTree } from "./case_tree.ts";
import { everyKind } from "./ext4_cases.ts";
import { materialize } from "./materialize.ts";
import { plainSink, withImageFile } from "./plain_sink.ts";
import { writeTree } from "./write_tree.ts";

/** A tree in which compression has something to find, and something not. */
function variedTree(): CaseTree {
  const tree = new CaseTree().directory("small").directory("crowd");
  for (let i = 0; i < 60; i++) {
    tree.file(`small/${i}`, { size: i * 331, xattrs: i % 2 ? { "user.same": "value" } : {} });
    tree.file(`small/sparse ${i}`, { size: i * 5000, data: [[i * 1000, i * 1000 + i * 70]] });
  }
  for (let i = 0; i < 700; i++) tree.file(`crowd/a name of some length ${i}`, { size: i % 5 });
  return tree.file("large", { size: 3_000_001 }).file("zeros", { size: 700_000, data: [] })
    .symlink("long", "x".repeat(3000)).link("again", "large");
}

const ARGS = [
  "",
  "-zlz4",
  "-zlz4hc -C65536",
  "-zlz4hc -Eztailpacking",
  "-zlz4hc -C65536 -Eztailpacking",
  "-zlz4hc -Elegacy-compress,ztailpacking",
  "-zlz4 -Eforce-inode-extended",
  "-Eforce-inode-compact",
  "-Enoinline_data",
  "--chunksize=4096",
  "-x-1",
  "-x0",
];
const NEEDS = ["root", "mkfs.erofs", "mount:erofs"];
for (const args of ARGS) {
  toolTest(`our reader finds what the kernel finds: mkfs.erofs ${args}`, NEEDS, async () => {
    await withImageFile((image) => {
      const directory = `${image}.directory`;
      Deno.mkdirSync(directory);
      materialize(variedTree().finish(), directory);
      mustRun("mkfs.erofs", [...args.split(" ").filter((it) => it !== ""), image, directory]);
      const differences = withMountedImage(image, (mount) => {
        using mounted = new MountedTree(mount);
        const reader = openErofs(fileSource(image));
        try {
          const problems: string[] = [];
          reader.check(({ message }) => problems.push(message));
          const a = { tree: mounted.tree, reader: mounted };
          const found = [...compareTrees(a, { tree: reader.tree, reader })];
          return [...problems, ...found.map(formatDifference)];
        } finally {
          reader.close();
        }
      }, { type: "erofs" });
      deepStrictEqual(differences, []);
    });
  });
}

toolTest("our image of a tree is as mkfs.erofs makes it, and no larger", NEEDS, async () => {
  for (const tree of [everyKind(), variedTree().finish()]) {
    await withImageFile(async (image) => {
      const directory = `${image}.directory`;
      Deno.mkdirSync(directory);
      materialize(tree, directory);
      mustRun("mkfs.erofs", [`${image}.theirs`, directory]);
      const { report } = await writeTree(erofs({}), tree, plainSink(image));
      const ours = openErofs(fileSource(image));
      const theirs = openErofs(fileSource(`${image}.theirs`));
      const found = compareTrees({ tree: theirs.tree, reader: theirs }, {
        tree: ours.tree,
        reader: ours,
      });
      // The root of the directory has metadata of its own.
      deepStrictEqual([...found].filter(({ path }) => path !== "").map(formatDifference), []);
      const { size } = Deno.statSync(`${image}.theirs`);
      ok(report.imageSize <= 1.02 * size, `${report.imageSize} bytes, theirs ${size}`);
      ours.close();
      theirs.close();
    });
  }
});
