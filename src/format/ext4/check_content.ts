/**
 * The bytes of all files: that they can be read, and what fs-verity says of them.
 *
 * @module
 */
import { type FileTree, walk } from "../../tree/file_tree.ts";
import type { CheckReport } from "./check_report.ts";
import { checkVerity } from "./check_verity.ts";
import { type Ext4Content, Ext4VerityContent } from "./content.ts";
import { readContent, seekContent } from "./reader_content.ts";
import type { Ext4Volume } from "./reader_volume.ts";

/** Bytes that are read at once. */
const PIECE_SIZE = 256 * 1024;

/**
 * Reads every byte of every file that is in no hole, and verifies those with fs-verity. Yields now
 * and then, so that others get their turn.
 */
export function* checkContents(
  volume: Ext4Volume,
  tree: FileTree<Ext4Content>,
  report: CheckReport,
): Generator<void, void> {
  const buffer = new Uint8Array(PIECE_SIZE);
  for (const { path, inode } of walk(tree)) {
    const { content, size } = inode;
    if (content === null) continue;
    yield;
    if (content instanceof Ext4VerityContent) {
      report.attempt(() => checkVerity(volume, content, size), path);
      continue;
    }
    for (let at = seekContent(volume, content, 0); at < size; yield) {
      const piece = buffer.subarray(0, Math.min(buffer.length, size - at));
      const isRead = report.attempt(() => {
        readContent(volume, content, piece, at);
        return true;
      }, path);
      if (isRead === null) break;
      at = seekContent(volume, content, at + piece.length);
    }
  }
}
