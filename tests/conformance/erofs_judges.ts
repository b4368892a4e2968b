/**
 * Judges of an EROFS image. Each looks at an image in its own way and answers its complaints.
 *
 * @module
 */
import { openErofs } from "../../src/format/erofs/reader.ts";
import { ImageError } from "../../src/image_error.ts";
import { fileSource } from "../../src/io/file_source.ts";
import { type ComparedTree, compareTrees, formatDifference } from "../../src/tree/compare.ts";
import type { FileTree } from "../../src/tree/file_tree.ts";
import { withMountedImage } from "../loop_mount.ts";
import { MountedTree } from "../mounted_tree.ts";
import { runTool } from "../run_tool.ts";
import { type GeneratedContent, generatedReader } from "./generated_content.ts";

/** Looks at an image. */
export interface ErofsJudge {
  /** Name in the names of tests. */
  readonly name: string;
  /** Programs and abilities it needs. */
  readonly needs: readonly string[];
  /** Complaints, empty for a good image; long lists are cut. */
  judge(image: string, expected: FileTree<GeneratedContent>): string[];
}

const COMPLAINTS_MAX = 20;

/** The kernel: mounts and walks everything. */
export const kernelJudge: ErofsJudge = {
  name: "kernel mount",
  needs: ["mount:erofs"],
  judge(image, expected) {
    try {
      return withMountedImage(image, (directory) => {
        using mounted = new MountedTree(directory);
        return differences(expected, { tree: mounted.tree, reader: mounted });
      }, { type: "erofs" });
    } catch (error) {
      return [String(error)];
    }
  },
};

/** The checker of erofs-utils, which also decompresses what it knows (lz4; 1.5 no other). */
export const fsckJudge: ErofsJudge = {
  name: "fsck.erofs",
  needs: ["fsck.erofs"],
  judge(image) {
    const { status, stdout, stderr } = runTool("fsck.erofs", ["--extract", image]);
    const text = `${stdout}${stderr}`.trim();
    return status === 0 ? [] : [`exit status is ${status}: ${text}`];
  },
};

/** Our own reader: the tree, and all that `check` looks at. */
export const readerJudge: ErofsJudge = {
  name: "reader",
  needs: [],
  judge(image, expected) {
    const source = fileSource(image);
    try {
      const reader = openErofs(source);
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

/** All judges. */
export const EROFS_JUDGES: readonly ErofsJudge[] = [readerJudge, kernelJudge, fsckJudge];

function differences<C>(expected: FileTree<GeneratedContent>, found: ComparedTree<C>): string[] {
  const complaints: string[] = [];
  const wanted = { tree: expected, reader: generatedReader };
  // EROFS has no access times: the kernel shows the others.
  for (const difference of compareTrees(wanted, found, { ignore: ["atime"] })) {
    complaints.push(formatDifference(difference));
    if (complaints.length === COMPLAINTS_MAX) break;
  }
  return complaints;
}
