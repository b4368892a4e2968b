/**
 * Small files and directories in their inodes (`inline_data`), before every judge, and in the hands
 * of the kernel.
 */
import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { ext4, type Ext4Options } from "../../src/format/ext4/format.ts";
import { openExt4 } from "../../src/format/ext4/reader.ts";
import { ImageError } from "../../src/image_error.ts";
import { fileSource } from "../../src/io/file_source.ts";
import { FileKind, Inode } from "../../src/tree/inode.ts";
import { withMountedImage } from "../loop_mount.ts";
import { mustRun } from "../run_tool.ts";
import { toolStep, toolTest } from "../tools.ts";
import { CaseTree } from "./case_tree.ts";
import { EXT4_CASES, type Ext4Case } from "./ext4_cases.ts";
import { ext4Expectation } from "./ext4_expectation.ts";
import { e2fsckJudge, JUDGES } from "./judges.ts";
import { plainSink, withImageFile } from "./plain_sink.ts";
import { writeTree } from "./write_tree.ts";

const OPTIONS: readonly Ext4Options[] = [
  { features: "inline_data" },
  { features: "inline_data", inodeSize: 512, blockSize: 1024 },
  { features: "inline_data,-metadata_csum", readOnly: true, blockSize: 1024 },
];

/** All but the large ones, of which no inode holds anything. */
const MATRIX_NAMES =
  /^(?!sparse files|the largest|an extent tree of depth|extents longer|a directory of 1,000,000)/;

/** Every size around what inodes of 256 and 512 bytes hold, with and without attributes. */
function smallFiles(): CaseTree {
  const tree = new CaseTree();
  for (const size of [1, 4, 59, 60, 61, 63, 64, 65, 127, 128, 129, 130, 383, 384, 385]) {
    tree.file(`plain ${size}`, { size });
    for (const length of [1, 20, 40, 64, 68, 300, 900, 3000]) {
      tree.file(`with ${length} at ${size}`, { size, xattrs: { "user.a": "v".repeat(length) } });
    }
    tree.file(`two at ${size}`, {
      size,
      xattrs: { "user.a": "v", "security.test": "c".repeat(20), "trusted.b": "" },
    });
    tree.file(`full at ${size}`, {
      size,
      xattrs: { "user.a": "v".repeat(1000), "user.b": "w".repeat(50) },
    });
    tree.file(`large at ${size}`, { size, xattrs: { "user.a": "v".repeat(20_000) } });
  }
  return tree
    .file("zeros", { size: 100, data: [], writesZeros: true })
    .file("hole", { size: 100, data: [[30, 70]] })
    .link("again", "plain 60");
}

/** Directories of every size around what inodes hold. */
function smallDirectories(): CaseTree {
  const tree = new CaseTree();
  for (let names = 0; names <= 36; names++) {
    tree.directory(`d${names}`, names % 3 === 0 ? { xattrs: { "user.a": "b".repeat(names) } } : {});
    for (let i = 0; i < names; i++) tree.file(`d${names}/${i}`, { size: i });
  }
  for (const length of [44, 45, 47, 48, 49, 52, 59, 60, 61, 64, 255]) {
    tree.directory(`one ${length}`).file(`one ${length}/${"n".repeat(length)}`);
    tree.directory(`first ${length}`).directory(`first ${length}/a`);
    tree.symlink(`first ${length}/${"n".repeat(length)}`, "a");
  }
  let path = "deep";
  tree.directory(path);
  for (let i = 0; i < 20; i++) tree.directory(path = `${path}/sub`);
  return tree;
}

/** Attributes that fit only where the file or the directory has blocks. */
function crowdedOut(): CaseTree {
  const xattrs = { "user.a": "a".repeat(960), "user.b": "b".repeat(60) };
  return new CaseTree()
    .file("file", { size: 100, xattrs })
    .file("short", { size: 5, xattrs })
    .directory("directory", { xattrs })
    .file("directory/file", { size: 128 });
}

const CASES: readonly Ext4Case[] = [
  ...EXT4_CASES.filter(({ name, options }) => MATRIX_NAMES.test(name) && options === undefined),
  { name: "small files", build: () => smallFiles().finish() },
  { name: "small directories", build: () => smallDirectories().finish() },
];

for (const ext4Case of CASES) {
  for (const options of OPTIONS) {
    const { blockSize = 4096 } = options;
    if (ext4Case.blockSizes?.includes(blockSize) === false) continue;
    Deno.test(`ext4 with ${JSON.stringify(options)}: ${ext4Case.name}`, async (context) => {
      await withImageFile(async (image) => {
        const tree = ext4Case.build(blockSize);
        await writeTree(ext4(options), tree, plainSink(image), ext4Case.write);
        const expected = ext4Expectation(ext4Case, tree);
        for (const judge of JUDGES) {
          if (ext4Case.without?.includes(judge.name)) continue;
          await toolStep(context, judge.name, judge.needs, () => {
            deepStrictEqual(judge.judge(image, expected), []);
          });
        }
      });
    });
  }
}

toolTest("inline_data: data gives way to attributes that fit nowhere else", [
  "debugfs",
  "e2fsck",
  "root",
  "mount:ext4",
  "dmesg",
], async () => {
  await withImageFile(async (image) => {
    const tree = crowdedOut().finish();
    const format = ext4({ features: "inline_data,-ea_inode", blockSize: 1024 });
    await writeTree(format, tree, plainSink(image));
    const expected = ext4Expectation({ name: "", build: () => tree }, tree);
    for (const judge of JUDGES) deepStrictEqual(judge.judge(image, expected), []);
    for (const path of ["/file", "/short", "/directory"]) {
      ok(mustRun("debugfs", ["-R", `stat ${path}`, image]).includes("Flags: 0x80000"), path);
    }
  });
});

toolTest("openExt4() refuses inline data that is not as it must be", ["debugfs"], async () => {
  const faults = [
    ["ea_rm /f system.data", /inline, expected system.data/],
    ["set_inode_field /d block[0] 99", /parent is inode 99/],
    ["set_inode_field /d size 72", /size is 72/],
    ["set_inode_field /d block[2] 0", /entry at 0 of block 0/],
    ["feature -inline_data", /inline, expected blocks/],
  ] as const;
  for (const [request, message] of faults) {
    await withImageFile(async (image) => {
      const tree = new CaseTree().file("f", { size: 100 }).directory("d").file("d/f").finish();
      await writeTree(ext4({ features: "inline_data" }), tree, plainSink(image));
      mustRun("debugfs", ["-w", "-R", request, image]);
      const source = fileSource(image);
      throws(() => openExt4(source), (error) => {
        ok(error instanceof ImageError, `${error}`);
        match(error.message, message);
        return true;
      });
      source.close();
    });
  }
});

toolTest("openExt4() refuses an inline target that is cut off", ["mke2fs", "debugfs"], async () => {
  await withImageFile(async (image) => {
    const directory = await Deno.makeTempDir();
    try {
      symlinkSync("t".repeat(100), `${directory}/l`);
      const options = ["-O", "inline_data", "-d", directory, image, "1M"];
      mustRun("mke2fs", ["-q", "-t", "ext4", ...options]);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
    const reader = openExt4(fileSource(image));
    strictEqual(reader.tree.root.children!.get("l")!.target, "t".repeat(100));
    reader.close();
    mustRun("debugfs", ["-w", "-R", "set_inode_field /l size 101", image]);
    const source = fileSource(image);
    throws(() => openExt4(source), /size is 101, expected at most 100/);
    source.close();
  });
});

toolTest("openExt4() reads zeros behind inline data, as the kernel does", [
  "debugfs",
  "root",
  "mount:ext4",
], async () => {
  await withImageFile(async (image) => {
    const tree = new CaseTree().file("f", { size: 100 }).finish();
    await writeTree(ext4({ features: "inline_data" }), tree, plainSink(image));
    mustRun("debugfs", ["-w", "-R", "set_inode_field /f size 1000000", image]);
    const reader = openExt4(fileSource(image));
    const bytes = new Uint8Array(1_000_000).fill(1);
    const inode = reader.tree.root.children!.get("f")!;
    strictEqual(inode.size, bytes.length);
    reader.read(inode.content!, bytes, 0);
    strictEqual(reader.seekData(inode.content!, 100), Infinity);
    reader.close();
    ok(bytes.subarray(0, 100).some((byte) => byte !== 0));
    withMountedImage(image, (directory) => {
      deepStrictEqual(new Uint8Array(readFileSync(`${directory}/f`)), bytes);
    });
  });
});

toolTest("inline_data: what has room is in the inode, lost+found never", ["debugfs"], async () => {
  await withImageFile(async (image) => {
    const tree = smallFiles().directory("d").directory("d/e").file("empty").symlink("l", "t");
    await writeTree(ext4({ features: "inline_data" }), tree.finish(), plainSink(image));
    const flags = (path: string) =>
      /Flags: (0x[0-9a-f]+)/.exec(mustRun("debugfs", ["-R", `stat "${path}"`, image]))![1];
    deepStrictEqual(
      ["/d", "/d/e", "/plain 1", "/plain 60", "/plain 128", "/two at 60", "/full at 128"]
        .map(flags),
      Array(7).fill("0x10000000"),
    );
    deepStrictEqual(
      ["/lost+found", "/plain 129", "/empty"].map(flags),
      Array(3).fill("0x80000"),
    );
    strictEqual(flags("/l"), "0x0");
  });
});

Deno.test("inline_data goes together with fs-verity: directories are inline, files are not", async (context) => {
  await withImageFile(async (image) => {
    const tree = new CaseTree().directory("d").file("d/f", { size: 30 }).file("e").finish();
    const options = { fsVerity: true, features: "inline_data" };
    await writeTree(ext4(options), tree, plainSink(image));
    await toolStep(context, "e2fsck", e2fsckJudge.needs, () => {
      deepStrictEqual(e2fsckJudge.judge(image, { tree }), []);
    });
    await toolStep(context, "debugfs", ["debugfs"], () => {
      ok(mustRun("debugfs", ["-R", "stat /d/f", image]).includes("Flags: 0x180000"));
      ok(mustRun("debugfs", ["-R", "stat /d", image]).includes("Flags: 0x10000000"));
    });
  });
});

const NEEDS = ["root", "mount:ext4", "e2fsck"];

toolTest("inline_data: the kernel goes on with what we wrote", NEEDS, async () => {
  for (const inodeSize of [256, 512]) {
    await withImageFile(async (image) => {
      const tree = smallDirectories();
      const files = smallFiles().finish().root;
      const holder = new Inode(FileKind.directory, 0o755) as typeof files;
      holder.children = files.children;
      tree.root.children!.set("files", holder);
      const options = { features: "inline_data", inodeSize };
      await writeTree(ext4(options), tree.finish(), plainSink(image));
      withMountedImage(image, (directory) => {
        for (const name of readdirSync(`${directory}/files`)) {
          const path = `${directory}/files/${name}`;
          if (name.startsWith("plain")) writeFileSync(path, "more", { flag: "a" });
          else if (name.startsWith("two")) writeFileSync(path, "x".repeat(5000));
          else if (name.startsWith("full")) writeFileSync(path, "");
          if (name.startsWith("plain")) ok(readFileSync(path, "latin1").endsWith("more"));
        }
        for (const name of readdirSync(directory)) {
          if (!/^(d\d|one|first)/.test(name)) continue;
          for (let i = 0; i < 12; i++) writeFileSync(`${directory}/${name}/new ${i}`, "new");
          Deno.removeSync(`${directory}/${name}/new 3`);
          ok(readdirSync(`${directory}/${name}`).includes("new 11"));
        }
      }, { options: "rw" });
      deepStrictEqual(e2fsckJudge.judge(image, { tree: tree.tree }), []);
    });
  }
});
