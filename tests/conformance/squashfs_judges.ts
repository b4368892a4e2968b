/**
 * Judges of a squashfs image. Each looks at an image in its own way and answers its complaints.
 *
 * @module
 */
import { openSquashfs } from "../../src/format/squashfs/reader.ts";
import type { TreeField } from "../../src/tree/compare.ts";
import { MountedTree } from "../mounted_tree.ts";
import { runTool } from "../run_tool.ts";
import { complaintsAbout, type ImageJudge, mountJudge, readerJudgeOf } from "./image_judges.ts";

/** The kernel: mounts and walks everything. */
export const kernelJudge: ImageJudge = mountJudge("squashfs");

/** Our own reader: the tree, and all that `check` looks at. */
export const readerJudge: ImageJudge = readerJudgeOf(openSquashfs);

/** `unsquashfs` of squashfs-tools, as root. */
export const unsquashfsJudge: ImageJudge = extractor(
  "unsquashfs",
  (image, directory) => ["-no-progress", "-quiet", "-f", "-d", directory, image],
  // It is the directory's filesystem that counts.
  ["linkCount", "atime"],
);

/** `rdsquashfs` of squashfs-tools-ng, as root. */
export const rdsquashfsJudge: ImageJudge = extractor(
  "rdsquashfs",
  (image, directory) => ["--quiet", "-C", "-O", "-T", "-X", "-u", "/", "-p", directory, image],
  // It makes a file for each name; it sets neither the times of directories and links nor what the
  // root is.
  ["linkCount", "link", "atime", "mtime"],
);

/** All judges. */
export const SQUASHFS_JUDGES: readonly ImageJudge[] = [
  readerJudge,
  kernelJudge,
  unsquashfsJudge,
  rdsquashfsJudge,
];

function extractor(
  program: string,
  args: (image: string, directory: string) => readonly string[],
  ignore: readonly TreeField[],
): ImageJudge {
  return {
    name: program,
    needs: ["root", program],
    judge(image, expected) {
      const parent = Deno.makeTempDirSync({ prefix: `${program}_` });
      try {
        const directory = `${parent}/root`;
        Deno.mkdirSync(directory);
        const { status, stdout, stderr } = runTool(program, args(image, directory));
        if (status !== 0) return [`exit status is ${status}`, stdout, stderr];
        using mounted = new MountedTree(directory);
        return complaintsAbout(expected, { tree: mounted.tree, reader: mounted }, ignore);
      } finally {
        Deno.removeSync(parent, { recursive: true });
      }
    },
  };
}
