/**
 * Judges of an EROFS image. Each looks at an image in its own way and answers its complaints.
 *
 * @module
 */
import { openErofs } from "../../src/format/erofs/reader.ts";
import { runTool } from "../run_tool.ts";
import { type ImageJudge, mountJudge, readerJudgeOf } from "./image_judges.ts";

/** EROFS has no access times: the kernel shows the others. */
const IGNORE = ["atime"] as const;

/** The kernel: mounts and walks everything. */
export const kernelJudge: ImageJudge = mountJudge("erofs", IGNORE);

/** The checker of erofs-utils, which also decompresses what it knows (lz4; 1.5 no other). */
export const fsckJudge: ImageJudge = {
  name: "fsck.erofs",
  needs: ["fsck.erofs"],
  judge(image) {
    const { status, stdout, stderr } = runTool("fsck.erofs", ["--extract", image]);
    const text = `${stdout}${stderr}`.trim();
    return status === 0 ? [] : [`exit status is ${status}: ${text}`];
  },
};

/** Our own reader: the tree, and all that `check` looks at. */
export const readerJudge: ImageJudge = readerJudgeOf(openErofs, IGNORE);

/** All judges. */
export const EROFS_JUDGES: readonly ImageJudge[] = [readerJudge, kernelJudge, fsckJudge];
