/**
 * The EROFS matrix: every case, written by us in several ways, before every judge.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import { erofs, type ErofsOptions } from "../../src/format/erofs/format.ts";
import { toolStep } from "../tools.ts";
import {
  CONTENT_CASE_NAMES,
  CONTENT_VARIANTS,
  EROFS_CASES,
  type ErofsCase,
  VARIANTS,
} from "./erofs_cases.ts";
import { EROFS_JUDGES } from "./erofs_judges.ts";
import type { ImageJudge } from "./image_judges.ts";
import { plainSink, withImageFile } from "./plain_sink.ts";
import { writeTree } from "./write_tree.ts";

/** Judges that do not know an image: too large blocks, or a compression that is too new. */
function strangers({ blockSize = 4096, compression = "none" }: ErofsOptions): string[] {
  if (blockSize > 4096) return ["kernel mount", "fsck.erofs"];
  const isKnown = compression === "none" || compression === "lz4";
  return blockSize < 4096 || !isKnown ? ["fsck.erofs"] : [];
}

/** The kernel must be new enough for the compression. */
function needsOf({ name, needs }: ImageJudge, compression: string): readonly string[] {
  const codec = compression.split(":")[0];
  const isNew = name === "kernel mount" && (codec === "deflate" || codec === "zstd");
  return isNew ? [`mount:erofs:${codec}`] : needs;
}

function matrixTest({ name, build, write, without }: ErofsCase, options: ErofsOptions): void {
  const { blockSize = 4096, compression = "none", clusterSize = "" } = options;
  const how = write?.byTurns === true ? "by turns" : clusterSize;
  Deno.test(`erofs ${compression} ${blockSize} ${how}: ${name}`, async (context) => {
    await withImageFile(async (image) => {
      const tree = build(blockSize);
      const format = erofs({ compressionWorkers: 0, ...options });
      const { notices } = await writeTree(format, tree, plainSink(image), write);
      deepStrictEqual(notices, []);
      const ignored = [...without ?? [], ...strangers(options)];
      for (const judge of EROFS_JUDGES) {
        if (ignored.includes(judge.name)) continue;
        // The kernel shows owner 2^32 - 1 as nobody: nobody can own a file so.
        if (name.includes("2^32 - 1") && judge.name === "kernel mount") continue;
        await toolStep(context, judge.name, needsOf(judge, compression), () => {
          deepStrictEqual(judge.judge(image, tree), []);
        });
      }
    });
  });
}

for (const erofsCase of EROFS_CASES) {
  // In other ways of compression or with other blocks, tens of thousands of names are what they were.
  const isCrowd = /0,000|64,998|65,00/.test(erofsCase.name);
  for (const options of isCrowd ? VARIANTS.slice(0, 1) : VARIANTS) {
    matrixTest(erofsCase, options);
  }
  if (!CONTENT_CASE_NAMES.includes(erofsCase.name)) continue;
  for (const options of CONTENT_VARIANTS) matrixTest(erofsCase, options);
  const byTurns = { ...erofsCase, write: { ...erofsCase.write, byTurns: true } };
  for (const blockSize of [1024, 4096]) matrixTest(byTurns, { blockSize });
}
