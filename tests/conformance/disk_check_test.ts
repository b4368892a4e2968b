import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { gpt } from "../../src/disk/gpt.ts";
import { qcow2 } from "../../src/disk/qcow2.ts";
import { verity, type VerityOptions } from "../../src/disk/verity.ts";
import { vhd } from "../../src/disk/vhd.ts";
import { ext4 } from "../../src/format/ext4/format.ts";
import { erofs } from "../../src/format/erofs/format.ts";
import type { ImageFormat } from "../../src/format/image_format.ts";
import type { ImageProblem } from "../../src/format/image_reader.ts";
import { ImageError } from "../../src/image_error.ts";
import { checkImage, type CheckOptions } from "../../src/verify/check_image.ts";
import { openTree } from "../../src/view/tree_view.ts";
import { mustRun, runTool } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { CaseTree } from "./case_tree.ts";
import { plainSink } from "./plain_sink.ts";
import { writeTree } from "./write_tree.ts";

const TREE = () =>
  new CaseTree()
    .file("small", { size: 100, data: [[0, 100]] })
    .file("large", { size: 300_000, data: [[0, 300_000]] })
    .file("sparse", { size: 5_000_000, data: [[0, 4096], [4_000_000, 4_200_000]] })
    .finish();

async function write(path: string, format: ImageFormat<unknown>) {
  return (await writeTree(format as ReturnType<typeof ext4>, TREE(), plainSink(path))).report;
}

/** What is wrong with the image at `path`; one problem where it cannot be opened or read on. */
async function problemsOf(path: string, options: CheckOptions = {}): Promise<ImageProblem[]> {
  const problems: ImageProblem[] = [];
  try {
    const view = await openTree(path);
    try {
      await checkImage(view, (problem) => problems.push(problem), options);
    } finally {
      await view.close();
    }
  } catch (error) {
    ok(error instanceof ImageError, String(error));
    problems.push({ message: error.message });
  }
  return problems;
}

async function inDirectory(use: (directory: string) => Promise<void>) {
  const directory = Deno.makeTempDirSync({ prefix: "disk_check_" });
  try {
    await use(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** `bytes` with one of them changed; a negative place counts from the end. */
function changed(bytes: Uint8Array<ArrayBuffer>, at: number, by: number) {
  const copy = bytes.slice();
  copy[at < 0 ? bytes.length + at : at] ^= by;
  return copy;
}

const TREES: readonly (readonly [string, VerityOptions, ImageFormat<unknown>])[] = [
  ["ext4", {}, ext4({ size: 6_000_001 })],
  ["EROFS, small hash blocks, sha512", { algorithm: "sha512", hashBlockSize: 512 }, erofs()],
  [
    "ext4 with blocks of 1K, sha1, no salt",
    { algorithm: "sha1", salt: "" },
    ext4({ blockSize: 1024 }),
  ],
];

for (const [name, options, inner] of TREES) {
  toolTest(
    `checkImage() and veritysetup verify find the same of a hash tree: ${name}`,
    ["veritysetup"],
    () =>
      inDirectory(async (directory) => {
        const path = `${directory}/image`;
        const { details } = await write(path, verity(inner, options));
        const bytes = Deno.readFileSync(path);
        const rootHash = String(details.verityRootHash);
        const offset = Number(details.verityHashOffset);
        const hashBlock = Number(details.verityHashBlockSize);
        const isSound = () => {
          const place = `--hash-offset=${offset}`;
          return runTool("veritysetup", ["verify", path, path, rootHash, place]).status === 0;
        };
        ok(isSound());
        strictEqual((await problemsOf(path, { rootHash })).length, 0);
        // Data, the end of its last block, and every level of the tree.
        const end = Number(details.verityDataBlocks) * Number(details.verityDataBlockSize);
        const places = [70_000, end - 1, bytes.length - 1];
        for (let at = offset + hashBlock; at < bytes.length; at += 37 * hashBlock) places.push(at);
        for (const at of places) {
          Deno.writeFileSync(path, changed(bytes, at, 0x10));
          strictEqual(isSound(), false, `${at}`);
          const found = await problemsOf(path, { rootHash });
          ok(found.some(({ message }) => message.startsWith("dm-verity:")), `${at}`);
        }
        Deno.writeFileSync(path, bytes);
        const [wrong] = await problemsOf(path, { rootHash: `00${rootHash.slice(2)}` });
        match(wrong.message, /^dm-verity: the root hash is [0-9a-f]+, expected 00/);
      }),
  );
}

Deno.test("checkImage() names the data blocks that a hash tree does not know", () =>
  inDirectory(async (directory) => {
    const path = `${directory}/image`;
    // The last bytes of an ext4 of this size are in no block of it, but in one of the device.
    const { details } = await write(path, gpt(verity(ext4({ size: 6_000_001 }))));
    const bytes = Deno.readFileSync(path);
    const start = Number(details.partitionOffset);
    const last = Number(details.verityDataBlocks) - 1;
    for (const block of [last, last - 2, last - 3]) bytes[start + block * 4096] ^= 1;
    Deno.writeFileSync(path, bytes);
    const problems = (await problemsOf(path)).filter(({ message }) => message.startsWith("dm-v"));
    strictEqual(problems.length, 2);
    const [first, second] = problems;
    match(first.message, new RegExp(`data block ${last - 3} to ${last - 2} has another digest`));
    strictEqual(first.offset, (last - 3) * 4096);
    match(second.message, new RegExp(`data block ${last} has another digest`));
    strictEqual(second.offset, last * 4096);
  }));

Deno.test("checkImage() compares an image with a hash tree in a file of its own", () =>
  inDirectory(async (directory) => {
    const { pairedSink } = await import("../../src/io/paired_sink.ts");
    const [path, hashTree] = [`${directory}/image`, `${directory}/tree`];
    const sink = pairedSink(plainSink(path), plainSink(hashTree));
    const format = verity(ext4(), { hashSink: sink.second });
    const { report } = await writeTree(format, TREE(), sink);
    const rootHash = String(report.details.verityRootHash);
    strictEqual((await problemsOf(path, { hashTree, rootHash })).length, 0);
    const [missing] = await problemsOf(path, { rootHash });
    match(missing.message, /Cannot check hash tree of ".*": there is none, expected one behind/);
    const bytes = Deno.readFileSync(hashTree);
    Deno.writeFileSync(hashTree, changed(bytes, 4100, 1));
    match((await problemsOf(path, { hashTree }))[0].message, /another digest than the hash tree/);
    Deno.writeFileSync(hashTree, bytes.subarray(0, bytes.length - 1));
    match((await problemsOf(path, { hashTree }))[0].message, /^dm-verity: the tree ends at/);
    Deno.writeFileSync(hashTree, changed(bytes, 3, 1));
    match((await problemsOf(path, { hashTree }))[0].message, /there is no superblock/);
  }));

toolTest(
  "checkImage() and sgdisk -v find the same of a partition table",
  ["sgdisk"],
  () =>
    inDirectory(async (directory) => {
      const path = `${directory}/disk`;
      await write(path, gpt(verity(ext4())));
      const bytes = Deno.readFileSync(path);
      const isSound = () => {
        const { stdout, stderr } = runTool("sgdisk", ["-v", path]);
        return /^\s*No problems found/.test(`${stderr}${stdout}`);
      };
      ok(isSound());
      strictEqual((await problemsOf(path)).length, 0);
      // MBR: type, another partition. Table and backup: header, entries. Nothing: boot code, padding.
      const places: readonly (readonly [number, number, boolean])[] = [
        [450, 1, false],
        [466, 0x83, false],
        [512 + 8, 1, false],
        [512 + 0x20, 1, false],
        [512 + 0x38, 1, false],
        [1024 + 40, 1, false],
        [1024 + 16_000, 4, false],
        [-512, 1, false],
        [-512 + 0x30, 1, false],
        [-33 * 512, 1, false],
        [-600, 1, false],
        [440, 1, true],
        [1000, 1, true],
        [-300, 1, true],
      ];
      for (const [at, by, sound] of places) {
        Deno.writeFileSync(path, changed(bytes, at, by));
        strictEqual(isSound(), sound, `sgdisk at ${at}`);
        const problems = await problemsOf(path);
        strictEqual(problems.length === 0, sound, `at ${at}: ${JSON.stringify(problems)}`);
      }
      // Onto a larger disk.
      const larger = new Uint8Array(bytes.length + 1024 * 1024);
      larger.set(bytes);
      Deno.writeFileSync(path, larger);
      strictEqual(isSound(), false);
      const found = await problemsOf(path);
      ok(found.some(({ message }) => /for its backup, expected the last/.test(message)));
      Deno.writeFileSync(path, bytes);
      mustRun("sgdisk", ["-h", "1", path]);
      ok(isSound(), "a hybrid MBR");
      deepStrictEqual(await problemsOf(path), []);
      // What the kernel takes for no GPT, though sgdisk does not mind.
      for (const at of [454, 510]) {
        Deno.writeFileSync(path, changed(bytes, at, 2));
        match((await problemsOf(path))[0].message, /^Protective MBR (has no sig|covers)/);
      }
    }),
);

toolTest(
  "checkImage() and qemu-img find the same of the footer of a VHD",
  ["qemu-img"],
  () =>
    inDirectory(async (directory) => {
      const path = `${directory}/disk.vhd`;
      await write(path, vhd(ext4()));
      const bytes = Deno.readFileSync(path);
      const isSound = () => {
        const { stderr } = runTool("qemu-img", ["info", "-f", "vpc", path]);
        return !/checksum/.test(stderr);
      };
      ok(isSound());
      strictEqual((await problemsOf(path)).length, 0);
      for (const at of [-512 + 0x18, -512 + 0x40, -512 + 0x44, -1]) {
        Deno.writeFileSync(path, changed(bytes, at, 1));
        strictEqual(isSound(), false, `${at}`);
        match((await problemsOf(path))[0].message, /^VHD footer has checksum/);
      }
    }),
);

/** Whether qemu-img finds neither errors nor clusters that nothing uses. */
function isSoundQcow2(path: string): boolean {
  return runTool("qemu-img", ["check", "-f", "qcow2", path]).status === 0;
}

/** qcow2 files by how they are made. */
const QCOW2_FILES: readonly (readonly [string, (path: string, raw: string) => unknown])[] = [
  ["ours", (path) => write(path, qcow2(gpt(ext4())))],
  ["ours, zstd", (path) => write(path, qcow2(ext4(), { compression: "zstd" }))],
  ["qemu-img, zlib", (path, raw) => convertRaw(["-c"], raw, path)],
  ["qemu-img, clusters of 512", (path, raw) => convertRaw(["-o", "cluster_size=512"], raw, path)],
  ["qemu-img, counts of 1 bit", (path, raw) => convertRaw(["-o", "refcount_bits=1"], raw, path)],
  ["qemu-img, counts of 64 bits", (path, raw) => convertRaw(["-o", "refcount_bits=64"], raw, path)],
  ["qemu-img, old", (path, raw) => convertRaw(["-o", "compat=0.10"], raw, path)],
];

function convertRaw(options: readonly string[], raw: string, path: string): void {
  mustRun("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", ...options, raw, path]);
}

toolTest(
  "checkImage() and qemu-img check find the same of a qcow2 file",
  ["qemu-img"],
  () =>
    inDirectory(async (directory) => {
      const [path, raw] = [`${directory}/disk.qcow2`, `${directory}/raw`];
      await write(raw, ext4());
      for (const [name, make] of QCOW2_FILES) {
        await make(path, raw);
        ok(isSoundQcow2(path), name);
        strictEqual((await problemsOf(path)).length, 0, name);
        const bytes = Deno.readFileSync(path);
        const view = new DataView(bytes.buffer);
        const l1 = Number(view.getBigUint64(0x28));
        const l2 = Number(view.getBigUint64(l1) & 0x00ff_ffff_ffff_fe00n);
        const table = Number(view.getBigUint64(0x30));
        const counts = Number(view.getBigUint64(table));
        // Places with the bit to change: flags, where clusters are, counts.
        const places = [
          [l1, 0x80],
          [l1, 0x01],
          [l1 + 6, 0x10],
          [l2, 0x80],
          [l2 + 1, 0x10],
          [l2 + 5, 0x40],
          [l2 + 7, 0x02],
          [table + 6, 0x10],
          [table + 6, 0x01],
          [counts, 0x01],
          [counts + 3, 0x01],
          [bytes.length - 1, 0x01],
        ];
        for (const [at, by] of places) {
          Deno.writeFileSync(path, changed(bytes, at, by));
          const problems = await problemsOf(path);
          const sound = isSoundQcow2(path);
          const [found] = problems;
          // qemu-img unpacks nothing.
          if (sound && /zstd block|compressed cluster/.test(found?.message)) continue;
          strictEqual(found === undefined, sound, `${name}, ${by} at ${at}: ${found?.message}`);
        }
        Deno.removeSync(path);
      }
    }),
);

toolTest(
  "checkImage() takes what snapshots use for used",
  ["qemu-img"],
  () =>
    inDirectory(async (directory) => {
      const path = `${directory}/disk.qcow2`;
      await write(path, qcow2(ext4()));
      mustRun("qemu-img", ["snapshot", "-c", "one", path]);
      strictEqual((await problemsOf(path)).length, 0);
    }),
);
