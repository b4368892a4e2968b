/**
 * Judges that cannot turn red are worth nothing: every planted fault must be seen.
 *
 * @module
 */
import { deepStrictEqual, match, notDeepStrictEqual } from "node:assert/strict";
import { ext4 } from "../../src/format/ext4/format.ts";
import { toolStep, toolTest } from "../tools.ts";
import { ext4Expectation } from "./ext4_expectation.ts";
import { FAULT_BLOCK_SIZE, FAULTS, faultTree } from "./ext4_fault.ts";
import { e2fsckJudge, JUDGES } from "./judges.ts";
import { plainSink, withImageFile } from "./plain_sink.ts";
import { writeTree } from "./write_tree.ts";

toolTest("every judge sees the faults it must see", ["debugfs", "dumpe2fs"], async (context) => {
  await withImageFile(async (good) => {
    const tree = faultTree();
    // Short of a whole group, so that its bitmap has padding.
    const format = ext4({ blockSize: FAULT_BLOCK_SIZE, size: 3 * 2 ** 20 });
    await writeTree(format, tree, plainSink(good));
    const expected = ext4Expectation({ name: "faults", build: faultTree }, tree);
    for (const judge of JUDGES) {
      await toolStep(context, `${judge.name} accepts the good image`, judge.needs, () => {
        deepStrictEqual(judge.judge(good, expected), []);
      });
    }
    for (const [number, fault] of FAULTS.entries()) {
      // A name of its own: the kernel might still know an image of the same name.
      const image = `${good}.${number}`;
      Deno.copyFileSync(good, image);
      fault.plant(image);
      for (const judge of JUDGES) {
        if (!fault.seenBy.some((name) => name === judge.name)) continue;
        await toolStep(context, `${judge.name} sees: ${fault.name}`, judge.needs, () => {
          const complaints = judge.judge(image, expected);
          notDeepStrictEqual(complaints, []);
          if (judge !== e2fsckJudge) match(complaints.join("\n"), fault.sign);
        });
      }
    }
  });
});
