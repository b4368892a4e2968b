/**
 * The judges before images that `mke2fs -d` made of the same trees: a judge that refuses a good
 * image made by others is wrong.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import { mustRun } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { EXT4_CASES } from "./ext4_cases.ts";
import { JUDGES } from "./judges.ts";
import { ext4Expectation } from "./ext4_expectation.ts";
import { materialize } from "./materialize.ts";
import { withImageFile } from "./plain_sink.ts";

for (const ext4Case of EXT4_CASES) {
  const needs = ["root", "mke2fs", "e2fsck", "mount:ext4"];
  if (ext4Case.peer === false) continue;
  toolTest(`mke2fs -d: ${ext4Case.name}`, needs, async (context) => {
    await withImageFile(async (image) => {
      const tree = ext4Case.build(4096);
      const directory = `${image}.directory`;
      Deno.mkdirSync(directory);
      materialize(tree, directory);
      mustRun("mke2fs", [
        "-q",
        "-t",
        "ext4",
        "-b",
        "4096",
        "-N",
        "70000",
        "-d",
        directory,
        image,
        "400M",
      ]);
      const { tree: withLostAndFound } = ext4Expectation(ext4Case, tree);
      // mke2fs 1.47.0 keeps no nanoseconds, and dates lost+found by the clock.
      const expected = { tree: withLostAndFound, ignore: ["mtime", "atime"] as const };
      for (const judge of JUDGES) {
        await context.step(judge.name, () => {
          deepStrictEqual(judge.judge(image, expected), []);
        });
      }
    });
  });
}
