import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import type { ContentReader } from "../tree/content_reader.ts";
import { emptyTree } from "../tree/file_tree.ts";
import { FileKind, Inode } from "../tree/inode.ts";
import { digestText } from "../format/digest_writer.ts";
import { MatchingWriter, SameContent } from "./matching_writer.ts";

/** Bytes of 200,000, of which 50,000 to 150,000 are a hole that the reader knows of. */
const EXPECTED = Uint8Array.from(
  { length: 200_000 },
  (_, i) => i >= 50_000 && i < 150_000 ? 0 : 1 + i % 251,
);

function writer(): { writer: MatchingWriter; reads: () => number } {
  let reads = 0;
  const reader: ContentReader<unknown> = {
    read(_content, into, position) {
      reads++;
      const piece = EXPECTED.subarray(position, position + into.length);
      into.set(piece);
      return piece.length;
    },
    seekData: (_content, position) => position >= 50_000 && position < 150_000 ? 150_000 : position,
  };
  const tree = emptyTree();
  const directory = new Inode(FileKind.directory, 0o755);
  const file = new Inode(FileKind.regular, 0o644);
  file.size = EXPECTED.length;
  file.content = "there";
  directory.children!.set("file", file);
  tree.root.children!.set("directory", directory);
  return { writer: new MatchingWriter({ tree, reader }), reads: () => reads };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

Deno.test("MatchingWriter finds out that a file is the expected one", () => {
  const { writer: matching, reads } = writer();
  const file = matching.beginFile(EXPECTED.length, "directory/file");
  file.write(EXPECTED.subarray(0, 50_000));
  const before = reads();
  file.skip(100_000);
  strictEqual(reads(), before, "a hole on both sides is not read");
  file.write(EXPECTED.subarray(150_000, 160_001));
  file.write(EXPECTED.subarray(160_001));
  deepStrictEqual(file.end(), new SameContent("there"));
});

Deno.test("MatchingWriter compares holes of one side with the zeros of the other", () => {
  const { writer: matching } = writer();
  const zeros = matching.beginFile(EXPECTED.length, "directory/file");
  zeros.write(EXPECTED);
  ok(zeros.end() instanceof SameContent);
  const holes = matching.beginFile(EXPECTED.length, "directory/file");
  holes.write(EXPECTED.subarray(0, 49_999));
  holes.skip(100_001);
  holes.write(EXPECTED.subarray(150_000));
  const changed = EXPECTED.slice();
  changed[49_999] = 0;
  strictEqual(digestText(holes.end() as string), sha256(changed));
});

Deno.test("MatchingWriter hashes what is another file, wherever the first other byte is", () => {
  for (const at of [0, 1, 49_999, 50_000, 149_999, 150_000, 199_999]) {
    const { writer: matching } = writer();
    const changed = EXPECTED.slice();
    changed[at] ^= 0xff;
    const file = matching.beginFile(changed.length, "directory/file");
    for (let i = 0; i < changed.length; i += 30_000) file.write(changed.subarray(i, i + 30_000));
    strictEqual(digestText(file.end() as string), sha256(changed), `byte ${at}`);
  }
});

Deno.test("MatchingWriter hashes what has another size, or is at no such path", () => {
  const { writer: matching, reads } = writer();
  for (
    const [path, size] of [
      ["directory/file", 3],
      ["directory/none", EXPECTED.length],
      ["directory", 3],
      ["directory/file/below", 3],
    ] as const
  ) {
    const bytes = EXPECTED.subarray(0, size);
    const file = matching.beginFile(size, path);
    file.write(bytes);
    strictEqual(digestText(file.end() as string), sha256(bytes), path);
  }
  strictEqual(reads(), 0);
});
