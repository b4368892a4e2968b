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

/** Reads every byte of every file that is in no hole, and verifies those with fs-verity. */
export function checkContents(
  volume: Ext4Volume,
  tree: FileTree<Ext4Content>,
  report: CheckReport,
): void {
  const buffer = new Uint8Array(PIECE_SIZE);
  for (const { path, inode } of walk(tree)) {
    const { content, size } = inode;
    if (content === null) continue;
    report.checkCancelled();
    report.attempt(() => {
      if (content instanceof Ext4VerityContent) checkVerity(volume, content, size, report);
      else readAll(volume, content, size, buffer, report);
    }, path);
  }
}

function readAll(
  volume: Ext4Volume,
  content: Ext4Content,
  size: number,
  buffer: Uint8Array,
  report: CheckReport,
): void {
  for (let at = seekContent(volume, content, 0); at < size;) {
    report.checkCancelled();
    const piece = buffer.subarray(0, Math.min(buffer.length, size - at));
    readContent(volume, content, piece, at);
    at = seekContent(volume, content, at + piece.length);
  }
}
