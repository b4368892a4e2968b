/**
 * SHA-256 of all files, computed here and in a machine.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { displayByteString } from "../../src/bytes/byte_string.ts";
import { type FileTree, walk } from "../../src/tree/file_tree.ts";
import { FileKind } from "../../src/tree/inode.ts";
import { type GeneratedContent, generatedReader } from "../conformance/generated_content.ts";

/**
 * Of a long file only so much of its begin and of its end is read: machines are slow, and holes of
 * gigabytes say nothing.
 */
const END_BYTES = 2 * 2 ** 20;
/** Sizes of files are compared in sectors. */
const LONG_SECTORS = 2 * END_BYTES / 512;

/**
 * A function of the shell: `sums DIR` prints the lines of {@linkcode sumsOf} for the files below a
 * directory, and what goes wrong, sorted.
 */
export const SUMS_FUNCTION = `
sums() {
  ( cd "$1"; find . -type f -size -${LONG_SECTORS} -exec sha256sum {} +
    find . -type f -size +${LONG_SECTORS - 1} | while read -r file; do
      sum=$( { head -c ${END_BYTES} "$file"; tail -c ${END_BYTES} "$file"; } | sha256sum)
      echo "\${sum%-}$file"
    done ) 2>&1 | sort
}
`;

/** A line `SUM  ./PATH` for each regular file, sorted. */
export function sumsOf(tree: FileTree<GeneratedContent>): string[] {
  const lines: string[] = [];
  for (const { path, inode } of walk(tree)) {
    if (inode.kind !== FileKind.regular) continue;
    const hash = createHash("sha256");
    const pieces = isLong(inode.size)
      ? [[0, END_BYTES], [inode.size - END_BYTES, inode.size]]
      : [[0, inode.size]];
    for (const [from, to] of pieces) {
      const bytes = new Uint8Array(to - from);
      if (inode.content !== null) generatedReader.read(inode.content, bytes, from);
      hash.update(bytes);
    }
    lines.push(`${hash.digest("hex")}  ./${displayByteString(path)}`);
  }
  return lines.sort();
}

/** As `find -size` counts: in sectors, rounded up. */
function isLong(size: number): boolean {
  return Math.ceil(size / 512) >= LONG_SECTORS;
}
