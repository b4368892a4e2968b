import { strictEqual } from "node:assert/strict";
import fc from "fast-check";
import {
  add,
  addFile,
  assertClean,
  type BuildTree,
  EXT4_TOOLS,
  withImage,
} from "../../../tests/ext4_image.ts";
import { toolTest } from "../../../tests/tools.ts";
import { ImageError } from "../../image_error.ts";
import { FileKind } from "../../tree/inode.ts";
import type { Ext4Options } from "./format.ts";

/** The size that the error about a too small one asks for. */
async function neededSize(options: Ext4Options, build: BuildTree): Promise<number> {
  try {
    await withImage(options, build, () => {});
  } catch (error) {
    if (!(error instanceof ImageError && error.code === "OUT_OF_SPACE")) throw error;
    const [, missing, needed] = /: (\d+) bytes are missing, .* at least (\d+)$/.exec(
      error.message,
    )!;
    strictEqual(Number(needed) - Number(missing), options.size);
    return Number(needed);
  }
  return options.size!;
}

toolTest("the size that a too small one asks for is enough", EXT4_TOOLS, async () => {
  const property = fc.asyncProperty(
    fc.constantFrom(1024, 2048, 4096),
    fc.integer({ min: 1, max: 40_000_000 }),
    fc.integer({ min: 0, max: 3000 }),
    fc.array(fc.integer({ min: 1, max: 9_000_000 }), { maxLength: 5 }),
    fc.boolean(),
    async (blockSize, size, files, sizes, readOnly) => {
      const build: BuildTree = (writer, { root }) => {
        for (let i = 0; i < files; i++) add(root, `empty-${i}`);
        sizes.forEach((bytes, i) =>
          addFile(writer, root, `file-${i}`, new Uint8Array(bytes).fill(i + 1))
        );
      };
      const needed = await neededSize({ blockSize, size, readOnly }, build);
      await withImage(
        { blockSize, size: needed, readOnly },
        build,
        ({ path }) => assertClean(path),
      );
    },
  );
  await fc.assert(property, { numRuns: 25, seed: 1 });
});

toolTest("a size too small for the inodes says how much it takes", EXT4_TOOLS, async () => {
  const build: BuildTree = (_, { root }) => {
    for (let d = 0; d < 20; d++) {
      const directory = add(root, `d${d}`, FileKind.directory);
      for (let i = 0; i < 1000; i++) add(directory, `f${i}`);
    }
  };
  const options = { blockSize: 1024, size: 1 << 20 };
  const size = await neededSize(options, build);
  strictEqual(size > 16 << 20, true, `${size}`);
  await withImage({ ...options, size }, build, ({ path }) => assertClean(path));
});

toolTest("an image without free room is full to the last blocks", EXT4_TOOLS, async () => {
  for (const blockSize of [1024, 4096]) {
    const build: BuildTree = (writer, { root }) => {
      for (let i = 0; i < 300; i++) {
        addFile(writer, root, `f${i}`, new Uint8Array(100_000).fill(i % 255 + 1));
      }
    };
    await withImage({ blockSize, readOnly: true }, build, ({ path, report }) => {
      assertClean(path);
      // A last group that must be 50 blocks long, and what of the gap no table fits into.
      strictEqual(Number(report.details.freeBlocks) < 200, true, `${report.details.freeBlocks}`);
    });
  }
});
