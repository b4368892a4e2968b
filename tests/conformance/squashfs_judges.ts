/**
 * Judges of a squashfs image. Each looks at an image in its own way and answers its complaints.
 *
 * @module
 */
import { openSquashfs } from "../../src/format/squashfs/reader.ts";
import { ImageError } from "../../src/image_error.ts";
import { fileSource } from "../../src/io/file_source.ts";
import {
  type ComparedTree,
  compareTrees,
  formatDifference,
  type TreeField,
} from "../../src/tree/compare.ts";
import type { FileTree } from "../../src/tree/file_tree.ts";
import { withMountedImage } from "../loop_mount.ts";
import { MountedTree } from "../mounted_tree.ts";
import { runTool } from "../run_tool.ts";
import { type GeneratedContent, generatedReader } from "./generated_content.ts";

/** Looks at an image. */
export interface SquashfsJudge {
  /** Name in the names of tests. */
  readonly name: string;
  /** Programs and abilities it needs. */
  readonly needs: readonly string[];
  /** Complaints, empty for a good image; long lists are cut. */
  judge(image: string, expected: FileTree<GeneratedContent>): string[];
}

const COMPLAINTS_MAX = 20;

/** The kernel: mounts and walks everything. */
export const kernelJudge: SquashfsJudge = {
  name: "kernel mount",
  needs: ["mount:squashfs"],
  judge(image, expected) {
    try {
      return withMountedImage(image, (directory) => {
        using mounted = new MountedTree(directory);
        return differences(expected, { tree: mounted.tree, reader: mounted });
      }, { type: "squashfs" });
    } catch (error) {
      return [String(error)];
    }
  },
};

/** Our own reader: the tree, and all that `check` looks at. */
export const readerJudge: SquashfsJudge = {
  name: "reader",
  needs: [],
  judge(image, expected) {
    const source = fileSource(image);
    try {
      const reader = openSquashfs(source);
      const problems: string[] = [];
      reader.check(({ message }) => problems.push(message));
      return [...problems, ...differences(expected, { tree: reader.tree, reader })];
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      return [`${error.message} (${JSON.stringify(error.where)})`];
    } finally {
      source.close();
    }
  },
};

/** `unsquashfs` of squashfs-tools, as root. */
export const unsquashfsJudge: SquashfsJudge = extractor(
  "unsquashfs",
  (image, directory) => ["-no-progress", "-quiet", "-f", "-d", directory, image],
  // It is the directory's filesystem that counts.
  ["linkCount", "atime"],
);

/** `rdsquashfs` of squashfs-tools-ng, as root. */
export const rdsquashfsJudge: SquashfsJudge = extractor(
  "rdsquashfs",
  (image, directory) => ["--quiet", "-C", "-O", "-T", "-X", "-u", "/", "-p", directory, image],
  // It makes a file for each name; it sets neither the times of directories and links nor what the
  // root is.
  ["linkCount", "link", "atime", "mtime"],
);

/** All judges. */
export const SQUASHFS_JUDGES: readonly SquashfsJudge[] = [
  readerJudge,
  kernelJudge,
  unsquashfsJudge,
  rdsquashfsJudge,
];

function extractor(
  program: string,
  args: (image: string, directory: string) => readonly string[],
  ignore: readonly TreeField[],
): SquashfsJudge {
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
        return differences(expected, { tree: mounted.tree, reader: mounted }, ignore);
      } finally {
        Deno.removeSync(parent, { recursive: true });
      }
    },
  };
}

function differences<C>(
  expected: FileTree<GeneratedContent>,
  found: ComparedTree<C>,
  ignore: readonly TreeField[] = [],
): string[] {
  const complaints: string[] = [];
  for (const it of compareTrees({ tree: expected, reader: generatedReader }, found, { ignore })) {
    complaints.push(formatDifference(it));
    if (complaints.length === COMPLAINTS_MAX) break;
  }
  return complaints;
}
