import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { CaseTree } from "../../../tests/conformance/case_tree.ts";
import { writeTree } from "../../../tests/conformance/write_tree.ts";
import { bytesOf } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { memorySink } from "../../io/memory_sink.ts";
import { memorySource } from "../../io/memory_source.ts";
import { dumpTree } from "../../tree/dump.ts";
import { countLinks, emptyTree } from "../../tree/file_tree.ts";
import { FileKind, Inode } from "../../tree/inode.ts";
import type { GeneratedContent } from "../../../tests/conformance/generated_content.ts";
import { writeDirectoryBlock } from "./directory_block.ts";
import { IncompatFeature } from "./features.ts";
import { erofs, type ErofsOptions } from "./format.ts";
import { DataLayout, inodeFormat, NULL_BLOCK, writeExtendedInode } from "./inode.ts";
import { type FoundContent, openErofs } from "./reader.ts";
import {
  emptySuperblock,
  SUPERBLOCK_OFFSET,
  superblockChecksum,
  writeSuperblock,
} from "./superblock.ts";

/** An image of a few files; with blocks of 4096, inodes begin in block 1 or later. */
async function image(options: ErofsOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
  const tree = new CaseTree().directory("d").file("d/a", {
    size: 20_000,
    xattrs: { "user.x": "y" },
  })
    .file("d/b", { size: 5 }).link("d/c", "d/b").file("sparse", { data: [[8192, 9000]] });
  const sink = memorySink();
  await writeTree(erofs({ compressionWorkers: 0, ...options }), tree.finish(), sink);
  return sink.bytes.slice();
}

/** Sets bytes of the superblock and makes its checksum right. */
function changed(bytes: Uint8Array<ArrayBuffer>, at: number, ...values: number[]) {
  bytes.set(values, 1024 + at);
  const sum = superblockChecksum(bytes.subarray(1024, 4096));
  new DataView(bytes.buffer).setUint32(1028, sum, true);
  return bytes;
}

/** Where bytes stand in an image, the only place. */
function placeOf(bytes: Uint8Array, wanted: readonly number[]): number {
  const text = String.fromCharCode(...wanted);
  const all = new TextDecoder("latin1").decode(bytes);
  // windows-1252 leaves these bytes as they are: ASCII alone is looked for.
  const at = all.indexOf(text);
  ok(at >= 0 && all.indexOf(text, at + 1) < 0, "it stands once");
  return at;
}

const REFUSED: readonly [string, "CORRUPT" | "UNSUPPORTED", RegExp, number, number[]][] = [
  ["another magic", "CORRUPT", /magic is/, 0, [1]],
  ["blocks of 2^30 bytes", "CORRUPT", /blkszbits is 30/, 12, [30]],
  ["an unknown feature", "UNSUPPORTED", /incompat:0x8000/, 81, [0x80]],
  ["metabox", "UNSUPPORTED", /metabox/, 81, [1]],
  ["further devices", "UNSUPPORTED", /2 further devices/, 86, [2]],
  ["large directory blocks", "UNSUPPORTED", /dirblkbits is 2/, 90, [2]],
  ["more blocks than there are", "CORRUPT", /blocks/, 37, [9]],
  ["a root that is no inode", "CORRUPT", /inode/, 14, [0xff, 0xff]],
];
for (const [what, code, message, at, values] of REFUSED) {
  Deno.test(`openErofs() refuses ${what}`, async () => {
    const bytes = changed(await image(), at, ...values);
    throws(() => openErofs(memorySource(bytes)), (error) => {
      ok(error instanceof ImageError && message.test(error.message), `${error}`);
      strictEqual(error.code, code);
      return true;
    });
  });
}

Deno.test("openErofs() refuses a superblock that its checksum does not fit", async () => {
  const bytes = await image();
  bytes[1024 + 16] ^= 1;
  throws(() => openErofs(memorySource(bytes)), /checksum is/);
});

function problemsOf(bytes: Uint8Array): string[] {
  const reader = openErofs(memorySource(bytes));
  const problems: string[] = [];
  reader.check(({ message }) => problems.push(message));
  return problems;
}

Deno.test("check() finds nothing wrong with an image of ours", async () => {
  for (const compression of ["none", "lz4", "deflate", "zstd:1"]) {
    deepStrictEqual(problemsOf(await image({ compression })), []);
  }
});

Deno.test("check() finds a wrong count of inodes", async () => {
  const problems = problemsOf(changed(await image(), 16, 99));
  deepStrictEqual(problems, ["Superblock counts 99 inodes, expected 5"]);
});

Deno.test("check() finds a name filter that hides an attribute", async () => {
  const bytes = await image();
  // An entry: 1 byte of name, prefix 1, 1 byte of value, then both.
  const entry = placeOf(bytes, [1, 1, 1, 0, 0x78, 0x79]);
  bytes.fill(0xff, entry - 12, entry - 8);
  const problems = problemsOf(bytes);
  strictEqual(problems.length, 1);
  ok(/Name filter .* is 0xffffffff/.test(problems[0]), problems[0]);
});

Deno.test("check() finds a wrong count of links", async () => {
  const bytes = await image();
  const view = new DataView(bytes.buffer);
  // The compact inode of a file of 5 bytes with 2 links.
  let at = bytes.length - 32;
  while (at > 0 && !(view.getUint16(at + 6, true) === 2 && view.getUint32(at + 8, true) === 5)) {
    at -= 32;
  }
  ok(at > 0);
  view.setUint16(at + 6, 7, true);
  deepStrictEqual(problemsOf(bytes), ['Link count of "/d/b" is 7, expected 2']);
});

Deno.test("check() finds compressed content that is damaged", async () => {
  for (const compression of ["deflate", "zstd:1"]) {
    const bytes = await image({ compression });
    // The first block of data, which ends with what is compressed.
    bytes.fill(0x55, 8192 - 40, 8192);
    const problems = problemsOf(bytes);
    strictEqual(problems.length, 1, `${compression}: ${problems}`);
  }
});

Deno.test("openErofs() takes block 2^32 - 1 for a hole only where there is no such block", () => {
  for (const [blocksHigh, first] of [[1, 0xaa], [0, 0]]) {
    // Inode 80 is the root, in block 5; 82 is a file at block 2^32 - 1.
    const head = new Uint8Array(8 * 512);
    const view = new DataView(head.buffer);
    writeSuperblock(view, SUPERBLOCK_OFFSET, {
      ...emptySuperblock(),
      blockSizeBits: 9,
      rootNidOrBlocksHigh: blocksHigh,
      blocksLow: 8,
      rootNid48: 80,
      featureIncompat: IncompatFeature.is48bit,
    });
    const base = { xattrCount: 0, blockHigh: 0, ino: 0, uid: 0, gid: 0, links: 2 };
    const inode = { ...base, mtimeSeconds: 0, mtimeNanoseconds: 0 };
    const format = inodeFormat(DataLayout.flatPlain, true);
    writeExtendedInode(view, 80 * 32, { ...inode, format, mode: 0o040755, size: 512, union: 7 });
    writeExtendedInode(view, 82 * 32, {
      ...inode,
      format,
      mode: 0o100644,
      size: 10,
      union: NULL_BLOCK,
      links: 1,
    });
    const names = [".", "..", "file"];
    writeDirectoryBlock(head, view, 7 * 512, names, { start: 0, end: 3, size: 0 }, (name) => ({
      nid: name === "file" ? 82 : 80,
      kind: name === "file" ? FileKind.regular : FileKind.directory,
    }));
    const { tree, read } = openSparse(head, (blocksHigh * 2 ** 32 + 8) * 512);
    const bytes = new Uint8Array(10);
    read(tree.root.children!.get("file")!.content!, bytes);
    strictEqual(bytes[0], first);
  }
});

/** Opens an image that begins with `head`; all other bytes are 0xaa. */
function openSparse(head: Uint8Array, size: number) {
  const reader = openErofs({
    ...memorySource(head),
    size,
    read(into, position) {
      into.fill(0xaa);
      if (position < head.length) into.set(head.subarray(position, position + into.length));
      return into.length;
    },
  });
  return {
    tree: reader.tree,
    read: (content: FoundContent, into: Uint8Array) => reader.read(content, into, 0),
  };
}

Deno.test("openErofs() reads more metadata than it keeps", async () => {
  const tree = emptyTree<GeneratedContent>();
  const all = new Inode<GeneratedContent>(FileKind.directory, 0o755);
  // Its names lead far apart, and it is read first.
  const some = new Inode<GeneratedContent>(FileKind.directory, 0o755);
  tree.root.children!.set("all", all).set("some", some);
  for (let i = 0; i < 10_000; i++) {
    const inode = new Inode<GeneratedContent>(FileKind.fifo, 0o600);
    inode.uid = i;
    // Attributes of a file alone, and those that others have too.
    inode.xattrs = [
      { name: `user.${i % 900}`, value: bytesOf("shared".repeat(20)) },
      { name: "user.own", value: bytesOf("own".repeat(200) + i) },
    ];
    all.children!.set(`${i}`, inode);
    if (i % 50 === 0) some.children!.set(`${i}`, inode);
  }
  countLinks(tree);
  const sink = memorySink();
  await writeTree(erofs(), tree, sink);
  ok(sink.bytes.length > 64 * 65536, `${sink.bytes.length}`);
  const found = openErofs(memorySource(sink.bytes)).tree;
  deepStrictEqual([...dumpTree(found)], [...dumpTree(tree)]);
});
