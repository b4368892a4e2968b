/**
 * Files with fs-verity: what stands behind their ends is what `fsverity` computes, byte by byte.
 *
 * A virtual machine has a kernel that verifies what it reads and measures files. The kernel of this
 * machine may have no fs-verity; it gets the image without the flags: the same extents, read as
 * ordinary files.
 */
import { deepStrictEqual, match, ok, rejects, throws } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { dirname } from "node:path";
import { displayByteString } from "../../src/bytes/byte_string.ts";
import { ext4 } from "../../src/format/ext4/format.ts";
import { openExt4 } from "../../src/format/ext4/reader.ts";
import { ImageError } from "../../src/image_error.ts";
import { fileSource } from "../../src/io/file_source.ts";
import { type FileTree, walk } from "../../src/tree/file_tree.ts";
import { FileKind } from "../../src/tree/inode.ts";
import { firstPageOf, writeChangedCopy } from "../boot/changed_byte.ts";
import { SUMS_FUNCTION, sumsOf } from "../boot/content_sums.ts";
import { sectionsOf } from "../boot/sections.ts";
import { MACHINE_TOOLS, runInMachine } from "../boot/virtual_machine.ts";
import { mustRun } from "../run_tool.ts";
import { toolStep, toolTest } from "../tools.ts";
import { CaseTree } from "./case_tree.ts";
import { everyKind, EXT4_CASES, type Ext4Case } from "./ext4_cases.ts";
import { ext4Expectation } from "./ext4_expectation.ts";
import { type GeneratedContent, generatedReader } from "./generated_content.ts";
import { e2fsckJudge, kernelJudge, readerJudge } from "./judges.ts";
import { plainSink, withImageFile } from "./plain_sink.ts";
import { writeTree } from "./write_tree.ts";

const BLOCK = 4096;
const MIB = 2 ** 20;

const MATRIX_NAMES = [
  "empty tree",
  "every kind of file",
  "sizes around a block and around 12 blocks",
  "sizes around the writer's buffer",
  "contents in pieces of odd sizes",
  "extents around what inode and blocks can hold",
  "blocks of zeros",
];

const CASES: readonly Ext4Case[] = [
  ...EXT4_CASES.filter(({ name }) => MATRIX_NAMES.includes(name)),
  {
    name: "a tree on both sides of a backup group",
    build: () =>
      new CaseTree()
        .file("before", { size: 118 * MIB })
        .file("sparse", { size: 3000 * MIB, data: [[5, 9], [700 * MIB, 703 * MIB + 1]] })
        .finish(),
  },
  {
    name: "trees around one and two levels",
    build() {
      const tree = new CaseTree();
      for (const blocks of [127, 128, 129, 128 * 128, 128 * 128 + 1]) {
        tree.file(`${blocks} blocks`, { size: blocks * BLOCK, data: [] });
        tree.file(`${blocks} blocks and a byte`, {
          data: [[blocks * BLOCK - 7, blocks * BLOCK + 1]],
        });
      }
      return tree.finish();
    },
  },
  {
    name: "empty files",
    build: () =>
      new CaseTree()
        .file("empty")
        .file("inode", { xattrs: { "user.a": "b" } })
        .file("block", { xattrs: { "user.a": "b".repeat(500) } })
        .file("large", { xattrs: { "user.a": "b".repeat(20_000) } })
        .link("again", "empty")
        .finish(),
  },
  {
    name: "dead files",
    build: everyKind,
    write: {
      released: [{ size: 9 * MIB, content: { seed: 3, data: [[0, 9 * MIB]], writesZeros: false } }],
    },
  },
];

for (const ext4Case of CASES) {
  Deno.test(`ext4 with fs-verity: ${ext4Case.name}`, async (context) => {
    await withImageFile(async (image) => {
      const tree = ext4Case.build(BLOCK);
      await writeTree(ext4({ fsVerity: true }), tree, plainSink(image), ext4Case.write);
      const expected = ext4Expectation(ext4Case, tree);
      for (const judge of [e2fsckJudge, readerJudge]) {
        await toolStep(context, judge.name, judge.needs, () => {
          deepStrictEqual(judge.judge(image, expected), []);
        });
      }
      const measured: string[] = [];
      await toolStep(context, "fsverity", ["fsverity", "debugfs"], () => {
        for (const { path, inode } of walk(tree)) {
          if (inode.kind !== FileKind.regular) continue;
          const name = displayByteString(path);
          const { metadata, digest } = computed(inode.content, inode.size, `${image}.file`);
          ok(readMetadata(image, name, inode.size).toHex() === metadata.toHex(), name);
          match(mustRun("debugfs", ["-R", `stat "/${name}"`, image]), /Flags: 0x180000\b/);
          measured.push(`sha256:${digest} ./${name}`);
        }
      });
      const machineSteps = [...MACHINE_TOOLS, "fsverity", "debugfs"];
      await toolStep(context, "kernel of a machine", machineSteps, async () => {
        const [sums, digests] = await readInMachine([image]);
        deepStrictEqual(sums, sumsOf(tree));
        deepStrictEqual(digests, measured.sort());
      });
      const kernelSteps = ["root", "mount:ext4", "dmesg", "debugfs"];
      await toolStep(context, "kernel, without the flags", kernelSteps, () => {
        clearFlags(image, tree);
        deepStrictEqual(kernelJudge.judge(image, expected), []);
      });
    });
  });
}

/** For each image, sums of all that the kernel of a machine reads, and its digests, each sorted. */
async function readInMachine(images: readonly string[]): Promise<string[][]> {
  const read = images.map((_, i) => `
    mount -t ext4 -o ro /dev/vd${"abc"[i]} /mnt
    echo "== sums ${i}"; sums /mnt
    echo "== digests ${i}"; (cd /mnt; find . -type f -exec fsverity measure {} + | sort)
    umount /mnt`);
  const output = await runInMachine(
    { directory: dirname(images[0]), drives: images.map((path) => ({ path })) },
    { programs: ["fsverity"], script: [SUMS_FUNCTION, ...read].join("\n") },
  );
  return [...sectionsOf(output).values()];
}

toolTest(
  "fs-verity: a machine reads no block that changed, of a file or of its tree",
  [...MACHINE_TOOLS, "fsverity"],
  async () => {
    await withImageFile(async (image) => {
      const tree = new CaseTree()
        .file("changed", { size: MIB })
        .file("sound", { size: MIB })
        .finish();
      await writeTree(ext4({ fsVerity: true }), tree, plainSink(image));
      const { content, size } = tree.root.children!.get("changed")!;
      const leaf = computed(content, size, `${image}.file`).metadata.subarray(BLOCK, 2 * BLOCK);
      writeChangedCopy(image, `${image}.data`, firstPageOf(tree, "changed"));
      writeChangedCopy(image, `${image}.leaf`, leaf);
      const [sums, digests, ...changed] = await readInMachine([
        image,
        `${image}.data`,
        `${image}.leaf`,
      ]);
      const expected = sumsOf(tree);
      deepStrictEqual(sums, expected);
      const sound = expected.find((line) => line.endsWith("/sound"))!;
      for (let i = 0; i < changed.length; i += 2) {
        deepStrictEqual(changed[i].filter((line) => line.includes("sound")), [sound]);
        match(changed[i].find((line) => line !== sound)!, /changed.*Input\/output error/);
        // What is measured is what the descriptor says; that is as it was.
        deepStrictEqual(changed[i + 1], digests);
      }
    });
  },
);

/** Tree, descriptor block and digest of a content as the program `fsverity` computes them. */
function computed(content: GeneratedContent | null, size: number, file: string) {
  const handle = Deno.openSync(file, { write: true, create: true, truncate: true });
  handle.truncateSync(size);
  for (const [start, end] of content?.data ?? []) {
    const piece = new Uint8Array(end - start);
    generatedReader.read(content!, piece, start);
    handle.seekSync(start, Deno.SeekMode.Start);
    for (let at = 0; at < piece.length;) at += handle.writeSync(piece.subarray(at));
  }
  handle.close();
  const [treeFile, descriptorFile] = [`${file}.tree`, `${file}.descriptor`];
  const digest = mustRun("fsverity", [
    "digest",
    "--compact",
    `--out-merkle-tree=${treeFile}`,
    `--out-descriptor=${descriptorFile}`,
    file,
  ]).trim();
  const merkleTree = readFileSync(treeFile);
  const metadata = new Uint8Array(merkleTree.length + BLOCK);
  metadata.set(merkleTree);
  metadata.set(readFileSync(descriptorFile), merkleTree.length);
  new DataView(metadata.buffer).setUint32(metadata.length - 4, 256, true);
  return { metadata, digest };
}

/** All blocks behind the end of a file, rounded up to 64 KiB, found by `debugfs`. */
function readMetadata(image: string, name: string, size: number): Uint8Array {
  const first = Math.ceil(size / 65536) * 16;
  const extents = mustRun("debugfs", ["-R", `dump_extents -l "/${name}"`, image]);
  const pieces: { logical: number; bytes: Uint8Array }[] = [];
  const file = openSync(image, "r");
  for (const line of extents.split("\n")) {
    const found = /^ *\d+\/ *\d+ +\d+\/ *\d+ +(\d+) - +\d+ +(\d+) - +\d+ +(\d+) *$/.exec(line);
    if (found === null) continue;
    const [logical, physical, count] = found.slice(1).map(Number);
    // What stands behind the end begins with an extent of its own only where it is no neighbour.
    const skipped = Math.max(0, first - logical);
    if (skipped >= count) continue;
    const bytes = new Uint8Array((count - skipped) * BLOCK);
    readSync(file, bytes, 0, bytes.length, (physical + skipped) * BLOCK);
    pieces.push({ logical: logical + skipped, bytes });
  }
  closeSync(file);
  let next = first;
  for (const { logical, bytes } of pieces) {
    ok(logical === next, `${name}: block ${logical}, expected ${next}`);
    next += bytes.length / BLOCK;
  }
  return Buffer.concat(pieces.map(({ bytes }) => bytes));
}

function clearFlags(image: string, tree: FileTree<GeneratedContent>): void {
  const lines: string[] = [];
  for (const { path, inode } of walk(tree)) {
    if (inode.kind !== FileKind.regular) continue;
    lines.push(`set_inode_field "/${displayByteString(path)}" flags 0x80000`);
  }
  mustRun("debugfs", ["-w", "-f", "-", image], { input: `${lines.join("\n")}\n` });
}

toolTest(
  "fs-verity: e2fsck and the reader see a descriptor that is not there",
  ["debugfs"],
  async () => {
    for (const [field, message] of [["size 4097", /bytes/], ["block[0] 0", /magic/]] as const) {
      await withImageFile(async (image) => {
        const tree = new CaseTree().file("file", { size: 5000 }).finish();
        await writeTree(ext4({ fsVerity: true }), tree, plainSink(image));
        mustRun("debugfs", ["-w", "-R", `set_inode_field /file ${field}`, image]);
        throws(() => openExt4(fileSource(image)), (error) => {
          ok(error instanceof ImageError, `${error}`);
          match(error.message, message);
          return true;
        });
      });
    }
  },
);

Deno.test("fs-verity: a file whose tree has no room is refused", async () => {
  await withImageFile(async (image) => {
    const size = (2 ** 32 - 1) * BLOCK;
    const tree = new CaseTree().file("file", { size, data: [] }).finish();
    const written = writeTree(ext4({ fsVerity: true }), tree, plainSink(image));
    await rejects(written, { name: "ImageError", code: "LIMIT_EXCEEDED" });
  });
});
