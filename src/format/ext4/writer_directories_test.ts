import { match, strictEqual } from "node:assert/strict";
import { add, assertClean, EXT4_TOOLS, run, withImage } from "../../../tests/ext4_image.ts";
import { toolTest } from "../../../tests/tools.ts";
import { FileKind } from "../../tree/inode.ts";

/** Every block of an index as debugfs sees it; it fails on a broken one. */
function indexOf(path: string, directory: string): string {
  return run("debugfs", "-R", `htree_dump ${directory}`, path);
}

for (const [blockSize, count, levels] of [[4096, 100_000, 1], [1024, 1000, 0], [1024, 20_000, 1]]) {
  toolTest(
    `a directory of ${count} names has ${levels} level(s) of nodes with blocks of ${blockSize}`,
    EXT4_TOOLS,
    async () => {
      await withImage({ blockSize }, (_, { root }) => {
        const big = add(root, "big", FileKind.directory);
        for (let i = 0; i < count; i++) add(big, `name-${i}`);
      }, ({ path }) => {
        assertClean(path);
        match(indexOf(path, "/big"), new RegExp(`Indirect levels: ${levels}\n`));
        // debugfs follows the index to find a name.
        match(run("debugfs", "-R", `stat /big/name-${count - 1}`, path), /Type: regular/);
      });
    },
  );
}

toolTest("a directory that needs three levels turns large_dir on", EXT4_TOOLS, async () => {
  await withImage({ blockSize: 1024 }, (_, { root }) => {
    const big = add(root, "big", FileKind.directory);
    for (let i = 0; i < 36_000; i++) add(big, `${i}`.padStart(255, "n"));
  }, ({ path, report }) => {
    assertClean(path);
    match(indexOf(path, "/big"), /Indirect levels: 2\n/);
    match(String(report.details.features), /,large_dir,/);
  });
});

toolTest(
  "a directory of more than 65,000 sub-directories counts one link",
  EXT4_TOOLS,
  async () => {
    for (const [count, links] of [[64_998, 65_000], [64_999, 1]]) {
      await withImage({}, (_, { root }) => {
        const big = add(root, "big", FileKind.directory);
        for (let i = 0; i < count; i++) add(big, `d${i}`, FileKind.directory);
      }, ({ path }) => {
        assertClean(path);
        match(run("debugfs", "-R", "stat /big", path), new RegExp(`Links: ${links} `));
      });
    }
  },
);

toolTest("a directory of one block is a list", EXT4_TOOLS, async () => {
  await withImage({}, (_, { root }) => {
    const small = add(root, "small", FileKind.directory);
    // 24 bytes of dots, 15 names of 264 bytes and one of 100 fill 4084 bytes to the last.
    for (let i = 0; i < 15; i++) add(small, `${i}`.padStart(255, "s"));
    add(small, "t".repeat(92));
  }, ({ path }) => {
    assertClean(path);
    const facts = run("debugfs", "-R", "stat /small", path);
    match(facts, /Size: 4096\n/);
    match(facts, /Flags: 0x80000\n/);
    strictEqual(run("debugfs", "-R", "ls -p /small", path).trim().split("\n").length >= 18, true);
  });
});
