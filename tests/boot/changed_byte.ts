/**
 * Damage in an image: one bit of a page.
 *
 * @module
 */
import { strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFileSync, writeFileSync } from "node:fs";
import type { FileTree } from "../../src/tree/file_tree.ts";
import { type GeneratedContent, generatedReader } from "../conformance/generated_content.ts";

/** Writes a copy of a (small) image in which one bit of a page, found by its bytes, is another. */
export function writeChangedCopy(image: string, copy: string, page: Uint8Array): void {
  const bytes = readFileSync(image);
  const at = bytes.indexOf(page);
  strictEqual(at > 0 && bytes.indexOf(page, at + 1) === -1, true, "the page was not found once");
  bytes[at + 1000] ^= 1;
  writeFileSync(copy, bytes);
}

/** The first page of a file in the root. */
export function firstPageOf(tree: FileTree<GeneratedContent>, name: string): Uint8Array {
  const page = Buffer.alloc(4096);
  generatedReader.read(tree.root.children!.get(name)!.content!, page, 0);
  return page;
}
