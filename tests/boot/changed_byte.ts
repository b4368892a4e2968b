/**
 * Damage in an image: one bit of the content of a file.
 *
 * @module
 */
import { strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFileSync, writeFileSync } from "node:fs";
import { walk } from "../../src/tree/file_tree.ts";
import type { FileTree } from "../../src/tree/file_tree.ts";
import { type GeneratedContent, generatedReader } from "../conformance/generated_content.ts";

/** Writes a copy of a (small) image in which one bit of the first page of a file is another. */
export function writeChangedCopy(
  image: string,
  copy: string,
  tree: FileTree<GeneratedContent>,
  path: string,
): void {
  const bytes = readFileSync(image);
  const entry = [...walk(tree)].find((it) => it.path === path)!;
  const page = Buffer.alloc(4096);
  generatedReader.read(entry.inode.content!, page, 0);
  const at = bytes.indexOf(page);
  strictEqual(at > 0 && bytes.indexOf(page, at + 1) === -1, true, "the page was not found once");
  bytes[at + 1000] ^= 1;
  writeFileSync(copy, bytes);
}
