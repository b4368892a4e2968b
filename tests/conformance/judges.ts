/**
 * Judges of an ext4 image. Each looks at an image in its own way and answers its complaints.
 *
 * @module
 */
import { openExt4 } from "../../src/format/ext4/reader.ts";
import type { TreeField } from "../../src/tree/compare.ts";
import type { FileTree } from "../../src/tree/file_tree.ts";
import { loopDeviceOf, withMountedImage } from "../loop_mount.ts";
import { MountedTree } from "../mounted_tree.ts";
import { mustRun, runTool } from "../run_tool.ts";
import type { GeneratedContent } from "./generated_content.ts";
import { COMPLAINTS_MAX, complaintsAbout, type ImageJudge, readerJudgeOf } from "./image_judges.ts";

/** Looks at an ext4 image. */
export type Judge = ImageJudge<Expectation>;

/** What an image should be. */
export interface Expectation {
  /** Names, metadata and contents, `lost+found` included. */
  readonly tree: FileTree<GeneratedContent>;
  /** Fields in which the image may differ. */
  readonly ignore?: readonly TreeField[];
}

/** What `e2fsck` says about a good image; everything else is a complaint. */
const E2FSCK_GOOD_LINES = [
  /^e2fsck \d/,
  /^Pass [1-5]: /,
  /: \d+\/\d+ files \(\d+\.\d% non-contiguous\), \d+\/\d+ blocks$/,
  /^$/,
];

/** The checker of e2fsprogs: exit status 0 and not one word too many. */
export const e2fsckJudge: Judge = {
  name: "e2fsck",
  needs: ["e2fsck"],
  judge(image) {
    const { status, stdout, stderr } = runTool("e2fsck", ["-fn", image]);
    const lines = `${stdout}\n${stderr}`.split("\n");
    const complaints = lines.filter((line) => !E2FSCK_GOOD_LINES.some((good) => good.test(line)));
    if (status !== 0) complaints.push(`exit status is ${status}`);
    return complaints.slice(0, COMPLAINTS_MAX);
  },
};

/** What the kernel logs about a good image. */
const KERNEL_GOOD_LINE = /: (mounted|unmounting) filesystem /;

/** The kernel: mounts read-only and walks everything; must not log an error. */
export const kernelJudge: Judge = {
  name: "kernel mount",
  needs: ["mount:ext4", "dmesg"],
  judge(image, expected) {
    const before = new Set(kernelLog());
    try {
      return withMountedImage(image, (directory) => {
        using mounted = new MountedTree(directory);
        const complaints = complaintsAbout(
          expected.tree,
          { tree: mounted.tree, reader: mounted },
          expected.ignore,
        );
        return [...complaints, ...kernelComplaints(loopDeviceOf(directory), before)];
      });
    } catch (error) {
      return [String(error)];
    }
  },
};

/** What the kernel logged about a loop device since its image was attached. */
function kernelComplaints(device: string, before: ReadonlySet<string>): string[] {
  const lines = kernelLog().filter((line) => !before.has(line));
  // Other tests may have had the device for another image before.
  const attached = lines.findLastIndex((line) =>
    line.includes(`${device}: detected capacity change`)
  );
  return lines.slice(attached + 1).filter((line) =>
    line.includes("EXT4-fs") && line.includes(`${device})`) && !KERNEL_GOOD_LINE.test(line)
  );
}

/** Our own reader and its check. */
export const readerJudge: Judge = {
  name: "reader",
  needs: [],
  judge: (image, { tree, ignore }) => readerJudgeOf(openExt4, ignore).judge(image, tree),
};

/** All judges that compare or check a whole image. */
export const JUDGES: readonly Judge[] = [e2fsckJudge, kernelJudge, readerJudge];

function kernelLog(): string[] {
  return mustRun("dmesg", []).split("\n");
}
