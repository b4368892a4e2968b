/**
 * EROFS images of random trees: the kernel and our reader find what was written.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import fc from "fast-check";
import { erofs } from "../../src/format/erofs/format.ts";
import { toolTest } from "../tools.ts";
import { fsckJudge, kernelJudge, readerJudge } from "./erofs_judges.ts";
import { plainSink, withImageFile } from "./plain_sink.ts";
import { arbitraryStep, buildTree, type Step } from "./random_tree.ts";
import { writeTree } from "./write_tree.ts";

const steps = fc.array(arbitraryStep, { maxLength: 60, size: "max" }).map((made) =>
  made.map(withoutUserXattrs)
);

/** The kernel lists `user.` attributes of other than files and directories, and refuses to read them. */
function withoutUserXattrs(step: Step): Step {
  if (step.kind === "file" || step.kind === "directory") return step;
  const kept = Object.entries(step.metadata.xattrs ?? {}).filter(([name]) => !/^user/.test(name));
  return { ...step, metadata: { ...step.metadata, xattrs: Object.fromEntries(kept) } };
}

toolTest(
  "erofs images of random trees read back equal",
  ["mount:erofs", "fsck.erofs"],
  async () => {
    const settings = fc.record({
      blockSize: fc.constantFrom(512, 1024, 4096, 4096),
      chunkSize: fc.constantFrom(1000, 4096, 65536),
      byTurns: fc.boolean(),
    });
    const property = fc.asyncProperty(steps, settings, async (made, { blockSize, ...write }) => {
      await withImageFile(async (image) => {
        const tree = buildTree(made).finish();
        await writeTree(erofs({ blockSize }), tree, plainSink(image), write);
        deepStrictEqual(readerJudge.judge(image, tree), []);
        deepStrictEqual(kernelJudge.judge(image, tree), []);
      });
    });
    await fc.assert(property, { numRuns: 12 });
  },
);

/** The same files without gibibytes of holes, which are read in full where they are compressed. */
function withoutLargeHoles(made: readonly Step[]): Step[] {
  return made.map((step) => ({ ...step, tail: step.tail % 20_000_000 }));
}

const NEEDS = ["mount:erofs:zstd", "fsck.erofs"];
toolTest("compressed erofs images of random trees read back equal", NEEDS, async () => {
  const settings = fc.record({
    blockSize: fc.constantFrom(512, 4096),
    compression: fc.constantFrom("lz4", "deflate:3", "zstd:2"),
    clusterSize: fc.constantFrom(8192, 65536, 1_048_576),
    chunkSize: fc.constantFrom(1000, 65536),
  });
  const property = fc.asyncProperty(steps, settings, async (made, { chunkSize, ...options }) => {
    await withImageFile(async (image) => {
      const tree = buildTree(withoutLargeHoles(made)).finish();
      const format = erofs({ ...options, compressionWorkers: 0 });
      await writeTree(format, tree, plainSink(image), { chunkSize });
      deepStrictEqual(readerJudge.judge(image, tree), []);
      deepStrictEqual(kernelJudge.judge(image, tree), []);
      if (options.compression === "lz4" && options.blockSize === 4096) {
        deepStrictEqual(fsckJudge.judge(image, tree), []);
      }
    });
  });
  await fc.assert(property, { numRuns: 12 });
});
