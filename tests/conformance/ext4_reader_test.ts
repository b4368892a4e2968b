/**
 * Our reader before images that others made: `mke2fs` with many features, filled by the kernel.
 *
 * @module
 */
import { deepStrictEqual, match, ok, throws } from "node:assert/strict";
import { openExt4 } from "../../src/format/ext4/reader.ts";
import { ImageError } from "../../src/image_error.ts";
import { fileSource } from "../../src/io/file_source.ts";
import { compareTrees, formatDifference } from "../../src/tree/compare.ts";
import type { FileTree } from "../../src/tree/file_tree.ts";
import { withMountedImage } from "../loop_mount.ts";
import { mustRun } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { CaseTree } from "./case_tree.ts";
import { type GeneratedContent, generatedReader } from "./generated_content.ts";
import { materialize } from "./materialize.ts";
import { withImageFile } from "./plain_sink.ts";

/** What the kernel is to write, besides the fields that differ by features. */
function richTree(): CaseTree {
  const tree = new CaseTree()
    .directory("d", { permissions: 0o1777 })
    .directory("large")
    .file("d/file", { size: 100_000, uid: 70_000, xattrs: { "user.a": "b", "trusted.c": "" } })
    .file("d/scattered", { data: Array.from({ length: 700 }, (_, i) => [i * 8192, i * 8192 + 9]) })
    .file("d/sparse", { size: 10 * 2 ** 30, data: [[5 * 2 ** 30 + 1, 5 * 2 ** 30 + 5000]] })
    .file("d/block", { xattrs: { "user.a": "x".repeat(400), "user.bb": "y", "user.c": "z" } })
    .symlink("fast", "d/file").symlink("slow", "s".repeat(200))
    .device("device", "blockDevice", 8, 300).device("narrow", "characterDevice", 5, 1)
    .special("fifo", "fifo").special("socket", "socket")
    .link("again", "d/file").link("fast again", "fast");
  // Enough names for an index with interior nodes in blocks of 1 KiB.
  for (let i = 0; i < 8000; i++) tree.file(`large/a longer name for file number ${i}`);
  return tree;
}

function withLargeXattrs(): CaseTree {
  return richTree()
    .file("large value", { xattrs: { "user.large": "v".repeat(20_000), "user.small": "s" } })
    .file("same value", { xattrs: { "user.large": "v".repeat(20_000) } });
}

function withHighBytes(): CaseTree {
  const tree = richTree().directory("high");
  for (let i = 0; i < 2000; i++) tree.file(`high/\xc3\xa4 \xff${i} ${"\x80".repeat(i % 60)}`);
  return tree;
}

/** Files and directories that an inode can hold, or nearly. */
function withSmallFiles(): CaseTree {
  const tree = richTree().directory("small");
  for (const size of [1, 59, 60, 61, 100, 128, 129, 160, 161, 384, 385]) {
    tree.file(`small/${size}`, { size }).directory(`small/d${size}`);
    for (let i = 0; i < size; i += 20) tree.file(`small/d${size}/${i}`, { size: i });
    tree.symlink(`small/l${size}`, "t".repeat(size));
    tree.file(`small/x${size}`, { size, xattrs: { "user.a": "some value" } });
  }
  return tree;
}

interface Variant {
  readonly name: string;
  readonly options: readonly string[];
  /** Arguments of `tune2fs` afterwards. */
  readonly tune?: readonly string[];
  /** A request of `debugfs` afterwards. */
  readonly request?: string;
  readonly build?: () => CaseTree;
  /** `ext4` when absent. */
  readonly type?: string;
}

const VARIANTS: readonly Variant[] = [
  { name: "blocks of 1024", options: ["-b", "1024"] },
  { name: "blocks of 2048", options: ["-b", "2048"] },
  { name: "blocks of 4096", options: ["-b", "4096"] },
  { name: "descriptors of 32 bytes", options: ["-O", "^64bit"] },
  { name: "inodes of 128 bytes", options: ["-I", "128"] },
  { name: "inodes of 512 bytes", options: ["-I", "512"] },
  { name: "no metadata_csum", options: ["-O", "^metadata_csum"] },
  { name: "no metadata_csum and no uninit_bg", options: ["-O", "^metadata_csum,^uninit_bg"] },
  { name: "no flex_bg", options: ["-O", "^flex_bg"] },
  { name: "no dir_index", options: ["-O", "^dir_index"] },
  { name: "no filetype", options: ["-O", "^filetype"] },
  { name: "metadata_csum_seed", options: ["-O", "metadata_csum_seed"] },
  { name: "large_dir", options: ["-O", "large_dir", "-b", "1024"] },
  { name: "inline_data", options: ["-O", "inline_data"], build: withSmallFiles },
  {
    name: "inline_data, inodes of 512",
    options: ["-O", "inline_data", "-I", "512"],
    build: withSmallFiles,
  },
  { name: "sparse_super2", options: ["-O", "sparse_super2,^resize_inode"] },
  { name: "small groups", options: ["-b", "1024", "-g", "4096"] },
  { name: "TEA hashes", options: [], tune: ["-E", "hash_alg=tea"] },
  { name: "ea_inode", options: ["-O", "ea_inode"], build: withLargeXattrs },
  { name: "ext2", type: "ext2", options: [] },
  { name: "ext2, blocks of 1024", type: "ext2", options: ["-b", "1024", "-O", "^dir_index"] },
  { name: "ext3", type: "ext3", options: ["-b", "2048"] },
  { name: "ext2, revision 0", type: "ext2", options: ["-r", "0", "-b", "1024"] },
  { name: "meta_bg", options: ["-b", "1024", "-g", "1024", "-O", "meta_bg,^resize_inode"] },
  {
    name: "meta_bg without flex_bg",
    options: ["-b", "1024", "-g", "512", "-O", "meta_bg,^resize_inode,^flex_bg"],
  },
  {
    name: "no sparse_super",
    options: ["-b", "1024", "-g", "2048", "-O", "^sparse_super,^resize_inode"],
  },
  { name: "bigalloc", options: ["-b", "4096", "-C", "16384", "-O", "bigalloc", "-N", "12000"] },
  { name: "bigalloc, blocks of 1024", options: ["-b", "1024", "-C", "4096", "-O", "bigalloc"] },
  { name: "uninit_bg", options: ["-O", "^metadata_csum,uninit_bg"] },
  {
    name: "hashes of unsigned bytes",
    options: [],
    request: "ssv flags 2",
    build: withHighBytes,
  },
  { name: "hashes of signed bytes", options: [], request: "ssv flags 1", build: withHighBytes },
  { name: "legacy hashes", options: [], tune: ["-E", "hash_alg=legacy"] },
];

for (const variant of VARIANTS) {
  const needs = ["root", "mke2fs", "mount:ext4"];
  toolTest(`openExt4() reads what the kernel wrote: ${variant.name}`, needs, async () => {
    await withImageFile((image) => {
      mustRun("mke2fs", ["-q", "-t", variant.type ?? "ext4", ...variant.options, image, "100M"]);
      if (variant.tune !== undefined) mustRun("tune2fs", [...variant.tune, image]);
      if (variant.request !== undefined) mustRun("debugfs", ["-w", "-R", variant.request, image]);
      const tree = (variant.build ?? richTree)().finish();
      withMountedImage(image, (directory) => materialize(tree, directory), { options: "rw" });
      const reader = openExt4(fileSource(image));
      reader.tree.root.children!.delete("lost+found");
      reader.tree.root.linkCount--;
      deepStrictEqual(differences(tree, reader, reader.superblock.inodeSize > 128), []);
      const problems: string[] = [];
      reader.check(({ message }) => problems.push(message));
      deepStrictEqual(problems, []);
      reader.close();
    });
  });
}

function differences(
  tree: FileTree<GeneratedContent>,
  reader: ReturnType<typeof openExt4>,
  hasTimes: boolean,
): string[] {
  const found = compareTrees(
    { tree, reader: generatedReader },
    { tree: reader.tree, reader },
    { ignore: hasTimes ? [] : ["mtime", "atime"] },
  );
  return [...found].slice(0, 20).map(formatDifference);
}

/** What the kernel of a test machine does not mount, filled by `mke2fs` itself. */
const MADE_VARIANTS:
  readonly (readonly [name: string, size: string, options: readonly string[]])[] = [
    ["blocks of 65536", "1G", ["-t", "ext4", "-b", "65536"]],
    ["blocks of 65536 without checksums", "1G", [
      "-t",
      "ext4",
      "-b",
      "65536",
      "-O",
      "^metadata_csum",
    ]],
    ["ext2 with blocks of 32768", "512M", ["-t", "ext2", "-b", "32768"]],
    ["quota and project", "64M", ["-t", "ext4", "-O", "quota,project"]],
    ["mmp", "64M", ["-t", "ext4", "-O", "mmp"]],
    ["orphan_file", "64M", ["-t", "ext4", "-O", "orphan_file"]],
    ["clusters of 1 MiB", "1G", ["-t", "ext4", "-O", "bigalloc", "-C", "1M"]],
    ["a large flex group", "512M", ["-t", "ext4", "-b", "1024", "-G", "64"]],
    ["no features at all", "64M", ["-t", "ext2", "-O", "none", "-b", "4096"]],
  ];

for (const [name, size, options] of MADE_VARIANTS) {
  toolTest(`openExt4() reads what mke2fs wrote: ${name}`, ["root", "mke2fs"], async () => {
    await withImageFile((image) => {
      const tree = new CaseTree().directory("d").directory("large")
        .file("d/file", { size: 100_000, xattrs: { "user.a": "b" } })
        .file("d/sparse", { size: 3_000_000, data: [[900_000, 950_000], [2_999_999, 3_000_000]] })
        .symlink("fast", "d/file").symlink("slow", "s".repeat(200)).link("again", "d/file")
        .device("device", "blockDevice", 8, 300).special("fifo", "fifo");
      for (let i = 0; i < 300; i++) tree.file(`large/a longer name for file number ${i}`);
      const directory = `${image}.directory`;
      Deno.mkdirSync(directory);
      materialize(tree.finish(), directory);
      mustRun("mke2fs", ["-q", "-F", ...options, "-d", directory, image, size]);
      const reader = openExt4(fileSource(image));
      reader.tree.root.children!.delete("lost+found");
      reader.tree.root.linkCount--;
      const hasXattrs = !options.includes("none");
      const found = compareTrees(
        { tree: tree.tree, reader: generatedReader },
        { tree: reader.tree, reader },
        // mke2fs keeps no nanoseconds.
        { ignore: hasXattrs ? ["mtime", "atime"] : ["mtime", "atime", "xattr"] },
      );
      deepStrictEqual([...found].slice(0, 20).map(formatDifference), []);
      const problems: string[] = [];
      reader.check(({ message }) => problems.push(message));
      deepStrictEqual(problems, []);
      reader.close();
    });
  });
}

/** Features that change how an image must be read, and what makes them. */
const UNKNOWN_FEATURES: readonly [name: string, options: readonly string[], request?: string][] = [
  ["encrypt", ["-O", "encrypt"]],
  ["casefold", ["-O", "casefold"]],
  ["journal_dev", [], "feature journal_dev"],
  ["incompat:0x80000000", [], "feature FEATURE_I31"],
];

for (const [name, options, request] of UNKNOWN_FEATURES) {
  toolTest(`openExt4() refuses ${name} by name`, ["mke2fs", "debugfs"], async () => {
    await withImageFile((image) => {
      mustRun("mke2fs", ["-q", "-t", "ext4", ...options, image, "64M"]);
      if (request !== undefined) mustRun("debugfs", ["-w", "-R", request, image]);
      const source = fileSource(image);
      throws(() => openExt4(source), (error) => {
        ok(error instanceof ImageError, `${error}`);
        deepStrictEqual(error.code, "UNSUPPORTED");
        match(error.message, new RegExp(`features .*\\b${name}\\b`));
        return true;
      });
      source.close();
    });
  });
}
