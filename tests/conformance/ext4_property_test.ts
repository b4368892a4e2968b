/**
 * Random trees: what our writer makes must be clean for `e2fsck` and equal for our reader.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import fc from "fast-check";
import { ext4, type Ext4Options } from "../../src/format/ext4/format.ts";
import { FileKind } from "../../src/tree/inode.ts";
import { toolTest } from "../tools.ts";
import { everyKind } from "./ext4_cases.ts";
import { ext4Expectation } from "./ext4_expectation.ts";
import { e2fsckJudge, readerJudge } from "./judges.ts";
import { plainSink, withImageFile } from "./plain_sink.ts";
import { arbitraryStep, buildTree } from "./random_tree.ts";
import { writeTree } from "./write_tree.ts";

toolTest("ext4 images of random trees are clean and read back equal", ["e2fsck"], async () => {
  const settings = fc.record({
    blockSize: fc.constantFrom(1024, 2048, 4096),
    freeBytes: fc.constantFrom(0, 0, 1, 5_000_000, 40_000_000),
    chunkSize: fc.constantFrom(1000, 4096, 65536),
    expectedBytes: fc.constantFrom(undefined, 0, 2 ** 30),
    options: fc.constantFrom<Ext4Options>(
      {},
      {},
      { journal: "auto" },
      { readOnly: true },
      { inodeSize: 512 },
      { compat: "4.14" },
      { features: "-metadata_csum" },
      { features: "-64bit" },
      { features: "-dir_index,-resize_inode" },
      { inodeRatio: 65536, reservedPercent: 7 },
    ),
  });
  const property = fc.asyncProperty(
    fc.array(arbitraryStep, { maxLength: 60, size: "max" }),
    settings,
    async (steps, { blockSize, freeBytes, chunkSize, expectedBytes, options }) => {
      await withImageFile(async (image) => {
        const tree = buildTree(steps).finish();
        const format = ext4({ ...options, blockSize, free: { bytes: freeBytes } });
        await writeTree(format, tree, plainSink(image), { chunkSize, expectedBytes });
        const expected = ext4Expectation({ name: "", build: everyKind }, tree);
        deepStrictEqual(readerJudge.judge(image, expected), []);
        deepStrictEqual(e2fsckJudge.judge(image, expected), []);
      });
    },
  );
  await fc.assert(property, { numRuns: 100 });
});

Deno.test("the random trees have every kind of file and are not all small", () => {
  const kinds = new Set<number>();
  let most = 0;
  for (
    const steps of fc.sample(fc.array(arbitraryStep, { maxLength: 60, size: "max" }), {
      seed: 1,
      numRuns: 50,
    })
  ) {
    const tree = buildTree(steps);
    most = Math.max(most, steps.length);
    for (const inode of tree.root.children!.values()) kinds.add(inode.kind);
  }
  deepStrictEqual([...kinds].sort(), [
    FileKind.regular,
    FileKind.directory,
    FileKind.blockDevice,
    FileKind.fifo,
    FileKind.symlink,
  ]);
  deepStrictEqual(most > 30, true);
});
