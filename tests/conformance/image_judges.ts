/**
 * What judges of images of all formats have in common: what they are, and those that need to know no
 * more of a format than how it is opened.
 *
 * @module
 */
import type { ImageReader } from "../../src/format/image_reader.ts";
import { ImageError } from "../../src/image_error.ts";
import type { ByteSource } from "../../src/io/byte_source.ts";
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
import { type GeneratedContent, generatedReader } from "./generated_content.ts";

/** Looks at an image; `Expected` is what it should be. */
export interface ImageJudge<Expected = FileTree<GeneratedContent>> {
  /** Name in the names of tests. */
  readonly name: string;
  /** Programs and abilities it needs. */
  readonly needs: readonly string[];
  /** Complaints, empty for a good image; long lists are cut. */
  judge(image: string, expected: Expected): string[];
}

/** Complaints of a judge, at most. */
export const COMPLAINTS_MAX = 20;

/** The differences between what should be there and what was found. */
export function complaintsAbout<C>(
  expected: FileTree<GeneratedContent>,
  found: ComparedTree<C>,
  ignore: readonly TreeField[] = [],
): string[] {
  const complaints: string[] = [];
  const wanted = { tree: expected, reader: generatedReader };
  for (const difference of compareTrees(wanted, found, { ignore })) {
    complaints.push(formatDifference(difference));
    if (complaints.length === COMPLAINTS_MAX) break;
  }
  return complaints;
}

/** The kernel: mounts an image of a type and walks everything. */
export function mountJudge(type: string, ignore: readonly TreeField[] = []): ImageJudge {
  return {
    name: "kernel mount",
    needs: [`mount:${type}`],
    judge(image, expected) {
      try {
        return withMountedImage(image, (directory) => {
          using mounted = new MountedTree(directory);
          return complaintsAbout(expected, { tree: mounted.tree, reader: mounted }, ignore);
        }, { type });
      } catch (error) {
        return [String(error)];
      }
    },
  };
}

/** Our own reader: the tree, and all that `check` looks at. */
export function readerJudgeOf(
  open: (source: ByteSource) => ImageReader,
  ignore: readonly TreeField[] = [],
): ImageJudge {
  return {
    name: "reader",
    needs: [],
    judge(image, expected) {
      const source = fileSource(image);
      try {
        const reader = open(source);
        const problems: string[] = [];
        reader.check(({ message, path }) => problems.push(`${message} (${path ?? ""})`));
        return [
          ...problems,
          ...complaintsAbout(expected, { tree: reader.tree, reader }, ignore),
        ];
      } catch (error) {
        if (!(error instanceof ImageError)) throw error;
        return [`${error.message} (${JSON.stringify(error.where)})`];
      } finally {
        source.close();
      }
    },
  };
}
