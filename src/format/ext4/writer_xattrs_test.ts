import { match, strictEqual } from "node:assert/strict";
import { add, assertClean, EXT4_TOOLS, run, withImage } from "../../../tests/ext4_image.ts";
import { toolTest } from "../../../tests/tools.ts";
import { FileKind } from "../../tree/inode.ts";

function user(name: string, size: number, fill = 1) {
  return { name: `user.${name}`, value: new Uint8Array(size).fill(fill) };
}

function statOf(path: string, file: string): string {
  return run("debugfs", "-R", `stat ${file}`, path);
}

toolTest("equal sets of attributes share a block, 1024 files each", EXT4_TOOLS, async () => {
  await withImage({}, (_, { root }) => {
    for (let i = 0; i < 2050; i++) add(root, `${10_000 + i}`).xattrs = [user("label", 300)];
    add(root, "other").xattrs = [user("label", 300, 2)];
  }, ({ path }) => {
    assertClean(path);
    const blocks = new Set(
      [0, 1, 1023, 1024, 2047, 2048, 2049].map((i) =>
        /File ACL: (\d+)/.exec(statOf(path, `/${10_000 + i}`))![1]
      ),
    );
    strictEqual(blocks.size, 3);
    strictEqual(blocks.has(/File ACL: (\d+)/.exec(statOf(path, "/other"))![1]), false);
  });
});

for (const blockSize of [1024, 4096]) {
  toolTest(`large values have inodes, with blocks of ${blockSize}`, EXT4_TOOLS, async () => {
    await withImage({ blockSize }, (_, { root }) => {
      // Every size around the limits of inode, block and value, on every kind that can have one.
      for (const size of [0, 1, 68, 69, 988, 989, 4040, 4041, 65_536]) {
        add(root, `f${size}`).xattrs = [user("a", size)];
      }
      const directory = add(root, "d", FileKind.directory);
      directory.xattrs = [user("a", 50_000), user("b", 10), user("c", 4000, 3)];
      const link = add(root, "l", FileKind.symlink);
      link.target = "t".repeat(100);
      link.xattrs = [{ name: "trusted.x", value: new Uint8Array(9000).fill(4) }];
      // The same value again: one inode with several references.
      for (let i = 0; i < 3; i++) {
        add(directory, `again-${i}`).xattrs = [user("a", 50_000), user(`b${i}`, 70)];
      }
      for (let i = 0; i < 3; i++) {
        add(directory, `shared-${i}`).xattrs = [user("a", 50_000), user("b", 900), user("c", 3000)];
      }
    }, ({ path, report }) => {
      assertClean(path);
      match(String(report.details.features), /,ea_inode,/);
      match(run("debugfs", "-R", "ea_list /f65536", path), /user.a \(65536\)/);
      match(run("debugfs", "-R", "ea_list /d", path), /user.c \(4000\)/);
    });
  });
}

toolTest("ea_inode is not set where no value needs it", EXT4_TOOLS, async () => {
  await withImage({}, (_, { root }) => {
    add(root, "f").xattrs = [user("a", 4000)];
  }, ({ report }) => strictEqual(/ea_inode/.test(String(report.details.features)), false));
});
