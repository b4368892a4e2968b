/**
 * Images that others made, kept in `testdata/ext4` with how they were made: they are read where no
 * tool is, and stay what they are when tools change.
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { bytesOf, byteStringFrom } from "../../bytes/byte_string.ts";
import { memorySource } from "../../io/memory_source.ts";
import type { Notice } from "../../notice.ts";
import { contentDigest } from "../../tree/content_digest.ts";
import { dumpTree } from "../../tree/dump.ts";
import { type Ext4Reader, openExt4 } from "./reader.ts";

const FOLDER = new URL("../../../testdata/ext4/", import.meta.url);

function open(name: string): { reader: Ext4Reader; notices: Notice[] } {
  const bytes = Uint8Array.from(gunzipSync(readFileSync(new URL(`${name}.img.gz`, FOLDER))));
  const notices: Notice[] = [];
  return { reader: openExt4(memorySource(bytes), (notice) => notices.push(notice)), notices };
}

/** All lines but those of the root and of `lost+found`, which mke2fs makes. */
function linesOf(reader: Ext4Reader): string[] {
  const lines = dumpTree(reader.tree, (content, size) => ({
    digest: contentDigest(reader, content, size),
  }));
  return [...lines].filter((line) => !/^\/(lost\+found)? /.test(line));
}

const IMAGES: readonly (readonly [name: string, kind: string, blockSize: number])[] = [
  ["ext2_revision_0", "ext2", 1024],
  ["genext2fs", "ext2", 1024],
  ["ext3", "ext3", 1024],
  ["ext4", "ext4", 1024],
  ["ext4_64k", "ext4", 65536],
  ["ext4_inline", "ext4", 1024],
  ["ext4_bigalloc", "ext4", 1024],
  ["ext4_meta_bg", "ext4", 1024],
  ["ext4_uninit_bg", "ext4", 1024],
];
for (const [name, kind, blockSize] of IMAGES) {
  Deno.test(`openExt4() reads testdata/ext4/${name}`, () => {
    const { reader, notices } = open(name);
    const expected = byteStringFrom(readFileSync(new URL("tree.dump", FOLDER))).trim().split("\n");
    // Without attributes, and of another maker with owners of 16 bits.
    const isPlain = name === "ext2_revision_0" || name === "genext2fs";
    const plain = isPlain ? expected.map((line) => line.replace(/ user\..*/, "")) : expected;
    const lines = name === "genext2fs" ? plain.map((it) => it.replace(" 70000 ", " 4464 ")) : plain;
    deepStrictEqual(linesOf(reader), lines);
    deepStrictEqual(notices, []);
    const { description } = reader;
    deepStrictEqual([description.details.kind, description.blockSize], [kind, blockSize]);
    reader.check(({ message }) => strictEqual(message, "nothing"));
  });
}

Deno.test("openExt4() reads testdata/ext4/ext3_dirty as its journal says", () => {
  const { reader, notices } = open("ext3_dirty");
  deepStrictEqual(notices.map(({ code }) => code), ["JOURNAL_REPLAYED"]);
  const text = reader.tree.root.children!.get("directory")!.children!.get("inner")!
    .children!.get("text")!;
  const bytes = new Uint8Array(3000);
  reader.read(text.content!, bytes, 0);
  deepStrictEqual(bytes, bytesOf("J".repeat(1024) + "x".repeat(3000 - 1024)));
  reader.check(({ message }) => strictEqual(message, "nothing"));
  strictEqual(reader.description.details.state, "not unmounted, journal replayed in memory");
});
