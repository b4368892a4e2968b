/**
 * Images of many sizes: groups, short last groups, backups, free room.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { ext4, type Ext4Options } from "../../src/format/ext4/format.ts";
import { openExt4 } from "../../src/format/ext4/reader.ts";
import { ImageError } from "../../src/image_error.ts";
import { fileSource } from "../../src/io/file_source.ts";
import type { FileTree } from "../../src/tree/file_tree.ts";
import { toolStep } from "../tools.ts";
import { CaseTree } from "./case_tree.ts";
import { everyKind } from "./ext4_cases.ts";
import { ext4Expectation } from "./ext4_expectation.ts";
import type { GeneratedContent } from "./generated_content.ts";
import { backupComplaints } from "./ext4_backups.ts";
import { JUDGES } from "./judges.ts";
import { plainSink, withImageFile } from "./plain_sink.ts";
import { writeTree, type WriteTreeOptions } from "./write_tree.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

interface SizeCase {
  readonly name: string;
  readonly options: Ext4Options;
  readonly build?: (blockSize: number) => FileTree<GeneratedContent>;
  readonly write?: WriteTreeOptions;
}

/** Enough data to go through several groups of 1 KiB blocks (8 MiB each), backups among them. */
function largeContent(): FileTree<GeneratedContent> {
  const tree = new CaseTree();
  for (let i = 0; i < 12; i++) tree.file(`file ${i}`, { size: 6 * MIB + i });
  return tree.finish();
}

/** Sizes around a limit of 4 KiB blocks and around the same limit of 1 KiB blocks. */
function sizes(): SizeCase[] {
  const cases: SizeCase[] = [];
  const add = (blockSize: number, size: number) =>
    cases.push({ name: `${size} bytes in blocks of ${blockSize}`, options: { blockSize, size } });
  // One group of 1 KiB blocks is 8 MiB (and the block in front of it), of 4 KiB blocks 128 MiB.
  for (const extra of [0, 1, 2, 50, 60, 100, 200, 500, 1000, 8191]) {
    add(1024, 8 * MIB + extra * 1024);
    add(4096, 128 * MIB + extra * 4096);
  }
  for (const size of [1 * MIB, 3 * MIB, 8 * MIB - 1024, 64 * MIB + 1, 200 * MIB + 4095]) {
    add(1024, size);
    add(2048, size);
  }
  for (const size of [2 * MIB, 64 * MIB, 5 * GIB, 20 * GIB, 256 * GIB]) add(4096, size);
  add(2048, 33 * 16384 * 2048 + 70 * 2048);
  return cases;
}

const SIZE_CASES: readonly SizeCase[] = [
  ...sizes(),
  ...[1024, 2048, 4096].flatMap((blockSize): SizeCase[] => [
    { name: `no free room, blocks of ${blockSize}`, options: { blockSize, free: { bytes: 0 } } },
    {
      name: `no free room and no file, blocks of ${blockSize}`,
      options: { blockSize, free: { bytes: 0 } },
      build: () => new CaseTree().finish(),
    },
    {
      name: `data through many groups, blocks of ${blockSize}`,
      options: { blockSize, free: { percent: 1 } },
      build: largeContent,
    },
    {
      name: `2 GiB of free room, blocks of ${blockSize}`,
      options: { blockSize, free: { bytes: 2 * GIB } },
    },
  ]),
  {
    name: "more data than was expected",
    options: { blockSize: 1024, free: { bytes: 0 } },
    build: largeContent,
    write: { expectedBytes: 0 },
  },
  {
    name: "less data than was expected",
    options: { blockSize: 1024, free: { bytes: 0 } },
    write: { expectedBytes: 50 * GIB },
  },
  {
    name: "data in a fixed size through many groups",
    options: { blockSize: 1024, size: 90 * MIB },
    build: largeContent,
  },
  {
    name: "60,000 empty files without free room",
    options: { blockSize: 4096, free: { bytes: 0 } },
    build() {
      const tree = new CaseTree();
      for (let d = 0; d < 60; d++) {
        tree.directory(`${d}`);
        for (let f = 0; f < 1000; f++) tree.file(`${d}/${f}`);
      }
      return tree.finish();
    },
  },
];

for (const sizeCase of SIZE_CASES) {
  Deno.test(`ext4 geometry: ${sizeCase.name}`, async (context) => {
    await withImageFile(async (image) => {
      const blockSize = sizeCase.options.blockSize!;
      const tree = sizeCase.build?.(blockSize) ?? everyKind();
      await writeTree(ext4(sizeCase.options), tree, plainSink(image), sizeCase.write);
      const { size, free } = sizeCase.options;
      if (size !== undefined) strictEqual(Deno.statSync(image).size, size);
      const { superblock } = openExt4(fileSource(image));
      if (free !== undefined && "bytes" in free) {
        const unreserved = superblock.freeBlocksCount - superblock.reservedBlocksCount;
        ok(unreserved * blockSize >= free.bytes, `${unreserved} blocks are free`);
      }
      const expected = ext4Expectation({ name: "", build: everyKind }, tree);
      for (const judge of JUDGES) {
        await toolStep(context, judge.name, judge.needs, () => {
          deepStrictEqual(judge.judge(image, expected), []);
        });
      }
      deepStrictEqual(backupComplaints(image), []);
    });
  });
}

/** What the error says is missing, in bytes. */
async function missingBytes(size: number, tree: FileTree<GeneratedContent>): Promise<number> {
  return await withImageFile(async (image) => {
    try {
      await writeTree(ext4({ blockSize: 1024, size }), tree, plainSink(image));
    } catch (error) {
      ok(error instanceof ImageError, `${error}`);
      strictEqual(error.code, "OUT_OF_SPACE");
      const found = /: (\d+) bytes are missing/.exec(error.message);
      ok(found !== null, error.message);
      return Number(found[1]);
    }
    return 0;
  });
}

Deno.test("ext4 geometry: a size too small says what is missing, and that is enough", async () => {
  for (const size of [1 * MIB, 20 * MIB, 70 * MIB]) {
    let larger = size;
    for (let attempt = 0; attempt < 5; attempt++) {
      const missing = await missingBytes(larger, largeContent());
      if (missing === 0) break;
      larger += missing;
    }
    strictEqual(await missingBytes(larger, largeContent()), 0);
    ok(larger > 72 * MIB && larger < 78 * MIB, `${larger} bytes`);
  }
});

Deno.test("ext4 geometry: a copy that differs is found", async () => {
  await withImageFile(async (image) => {
    await writeTree(ext4({ blockSize: 1024, size: 40 * MIB }), everyKind(), plainSink(image));
    deepStrictEqual(backupComplaints(image), []);
    using file = Deno.openSync(image, { read: true, write: true });
    for (const position of [(8192 + 1) * 1024 + 0x5a, (3 * 8192 + 1) * 1024 + 1024 + 5]) {
      file.seekSync(position, Deno.SeekMode.Start);
      file.writeSync(Uint8Array.of(0xa5));
    }
    deepStrictEqual(backupComplaints(image), [
      "superblock in group 1 differs",
      "descriptors in group 3 differ",
    ]);
  });
});
