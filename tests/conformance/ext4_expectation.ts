/**
 * What must be found in an ext4 image of a tree.
 *
 * @module
 */
import type { FileTree } from "../../src/tree/file_tree.ts";
import { FileKind, Inode } from "../../src/tree/inode.ts";
import type { Ext4Case } from "./ext4_cases.ts";
import type { GeneratedContent } from "./generated_content.ts";
import type { Expectation } from "./judges.ts";
import { CREATED_SECONDS } from "./write_tree.ts";

/** Adds to a case's own tree what the writer adds: `lost+found`, and what the case says. */
export function ext4Expectation(
  ext4Case: Ext4Case,
  tree: FileTree<GeneratedContent>,
): Expectation {
  ext4Case.expect?.(tree);
  if (!tree.root.children!.has("lost+found")) {
    const lostAndFound = new Inode<GeneratedContent>(FileKind.directory, 0o700);
    lostAndFound.mtimeSeconds = lostAndFound.atimeSeconds = CREATED_SECONDS;
    lostAndFound.linkCount = 2;
    tree.root.children!.set("lost+found", lostAndFound);
    tree.root.linkCount++;
  }
  return { tree };
}
