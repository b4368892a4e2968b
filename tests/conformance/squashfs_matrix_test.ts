/**
 * The squashfs matrix: every case, written by us in one or several ways, before every judge.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import { squashfs, type SquashfsOptions } from "../../src/format/squashfs/format.ts";
import { toolStep } from "../tools.ts";
import { plainSink, withImageFile } from "./plain_sink.ts";
import {
  LARGE_BLOCK_CASES,
  SQUASHFS_CASES,
  type SquashfsCase,
  squashfsExpectation,
  VARIANTS,
} from "./squashfs_cases.ts";
import { SQUASHFS_JUDGES } from "./squashfs_judges.ts";
import { writeTree } from "./write_tree.ts";

function matrixTest(squashfsCase: SquashfsCase, options: SquashfsOptions): void {
  const { name, build, write, without } = squashfsCase;
  const blockSize = options.blockSize ?? 131_072;
  Deno.test(`squashfs ${options.compression} ${blockSize}: ${name}`, async (context) => {
    await withImageFile(async (image) => {
      const tree = build(blockSize);
      // Workers take longer to start than small images to be made; other tests have them.
      const format = squashfs({ compressionWorkers: 0, ...options });
      const { notices } = await writeTree(format, tree, plainSink(image), write);
      deepStrictEqual(notices, []);
      const expected = squashfsExpectation(tree);
      for (const judge of SQUASHFS_JUDGES) {
        if (without?.includes(judge.name)) continue;
        await toolStep(context, judge.name, judge.needs, () => {
          deepStrictEqual(judge.judge(image, expected), []);
        });
      }
    });
  });
}

for (const squashfsCase of SQUASHFS_CASES) {
  const variants = squashfsCase.isAboutNames ? VARIANTS.slice(0, 1) : VARIANTS;
  for (const options of variants) matrixTest(squashfsCase, options);
}
for (const squashfsCase of LARGE_BLOCK_CASES) matrixTest(squashfsCase, { compression: "zstd:1" });

const rich = SQUASHFS_CASES.filter(({ name }) =>
  ["every kind of file", "holes around blocks", "many small files"].includes(name)
);
for (const squashfsCase of rich) {
  matrixTest(squashfsCase, { compression: "gzip:1", blockSize: 65_536 });
  matrixTest(squashfsCase, { compression: "none", blockSize: 8192 });
  matrixTest(squashfsCase, { compression: "zstd", blockSize: 1_048_576 });
  matrixTest(squashfsCase, { compression: "lz4", blockSize: 32_768, noFragments: true });
  matrixTest(squashfsCase, { compression: "gzip", compressionWorkers: 2 });
}
