/**
 * The ext4 matrix: every case, written by us at every block size, before every judge.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import { ext4 } from "../../src/format/ext4/format.ts";
import { toolStep } from "../tools.ts";
import { BLOCK_SIZES, EXT4_CASES } from "./ext4_cases.ts";
import { ext4Expectation } from "./ext4_expectation.ts";
import { JUDGES } from "./judges.ts";
import { plainSink, withImageFile } from "./plain_sink.ts";
import { writeTree } from "./write_tree.ts";

for (const ext4Case of EXT4_CASES) {
  for (const blockSize of ext4Case.blockSizes ?? BLOCK_SIZES) {
    Deno.test(`ext4 of ${blockSize}: ${ext4Case.name}`, async (context) => {
      await withImageFile(async (image) => {
        const format = ext4({ blockSize, ...ext4Case.options?.(blockSize) });
        const tree = ext4Case.build(blockSize);
        const { notices } = await writeTree(format, tree, plainSink(image), ext4Case.write);
        const codes = [...new Set(notices.map((notice) => notice.code))].sort();
        deepStrictEqual(codes, ext4Case.notices ?? []);
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
