import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { ImageError } from "../../image_error.ts";
import type { ByteSource } from "../../io/byte_source.ts";
import { memorySink } from "../../io/memory_sink.ts";
import { memorySource } from "../../io/memory_source.ts";
import { countLinks, emptyTree } from "../../tree/file_tree.ts";
import { FileKind, Inode } from "../../tree/inode.ts";
import { Ext4Content } from "./content.ts";
import { ext4 } from "./format.ts";
import { openExt4 } from "./reader.ts";
import { isInRange } from "./reader_htree.ts";

const FILE_SIZE = 10_000;

/** An image with a file whose bytes at 5000 to 6000 are 0x61, and zeros elsewhere. */
async function sampleImage(): Promise<Uint8Array> {
  const sink = memorySink();
  const opened = sink.open();
  const writer = ext4({ blockSize: 1024, readOnly: true }).createWriter(opened, {
    identity: () => "sha256:00",
    createdSeconds: 1_700_000_000,
    expectedBytes: FILE_SIZE,
    onNotice: () => {},
  });
  const file = new Inode<Ext4Content>(FileKind.regular, 0o640);
  file.size = FILE_SIZE;
  const placing = writer.beginFile(FILE_SIZE);
  placing.skip(5000);
  placing.write(new Uint8Array(1000).fill(0x61));
  placing.skip(4000);
  file.content = placing.end();
  const tree = emptyTree<Ext4Content>();
  tree.root.children!.set("a file", file).set("\xff", file);
  countLinks(tree);
  await writer.finish(tree);
  opened.commit();
  return sink.bytes;
}

function errorOf(source: ByteSource): ImageError {
  let found: unknown;
  throws(() => openExt4(source), (error) => {
    found = error;
    return true;
  });
  ok(found instanceof ImageError, `${found}`);
  return found;
}

Deno.test("openExt4() reads a tree and its contents, holes as zeros", async () => {
  const reader = openExt4(memorySource(await sampleImage()));
  const { root } = reader.tree;
  deepStrictEqual([...root.children!.keys()].sort(), ["a file", "lost+found", "\xff"]);
  const file = root.children!.get("a file")!;
  strictEqual(root.children!.get("\xff"), file);
  strictEqual(file.linkCount, 2);
  strictEqual(file.permissions, 0o640);
  strictEqual(reader.superblock.blocksCount * 1024, (await sampleImage()).length);

  const expected = new Uint8Array(FILE_SIZE).fill(0x61, 5000, 6000);
  for (const [start, end] of [[0, 10_000], [4999, 5001], [5999, 6002], [5500, 5501], [0, 10]]) {
    const into = new Uint8Array(end - start).fill(0xa5);
    strictEqual(reader.read(file.content!, into, start), into.length);
    deepStrictEqual(into, expected.slice(start, end), `${start} to ${end}`);
  }
  // The block that holds byte 5000 begins at 4096 and the last one ends at 6144.
  strictEqual(reader.seekData(file.content!, 0), 4096);
  strictEqual(reader.seekData(file.content!, 4999), 4999);
  strictEqual(reader.seekData(file.content!, 6143), 6143);
  strictEqual(reader.seekData(file.content!, 6144), Infinity);
});

Deno.test("openExt4() reads a content of several runs at every edge", async () => {
  const image = await sampleImage();
  const reader = openExt4(memorySource(image));
  const runs = [[1, 2, 2], [3, 6, 1], [7, 5, 1]].map(
    ([logicalBlock, startBlock, blockCount]) => {
      return { logicalBlock, startBlock, blockCount };
    },
  );
  const content = new Ext4Content(runs[0], runs.slice(1));
  const expected = new Uint8Array(9 * 1024);
  for (const { logicalBlock, startBlock, blockCount } of runs) {
    const bytes = image.subarray(startBlock * 1024, (startBlock + blockCount) * 1024);
    expected.set(bytes, logicalBlock * 1024);
  }
  const edges = [0, 1, 3, 4, 7, 8, 9].flatMap((block) => [1024 * block - 1, 1024 * block])
    .filter((edge) => edge >= 0);
  for (const start of edges) {
    for (const end of edges.filter((edge) => edge >= start)) {
      const into = new Uint8Array(end - start).fill(0xa5);
      reader.read(content, into, start);
      deepStrictEqual(into, expected.slice(start, end), `${start} to ${end}`);
    }
  }
  deepStrictEqual([0, 1024, 4096, 7168, 8192].map((at) => reader.seekData(content, at)), [
    1024,
    1024,
    7168,
    7168,
    Infinity,
  ]);
});

Deno.test("openExt4() says what is wrong, where", async () => {
  const zeros = errorOf(memorySource(new Uint8Array(4096), "zeros"));
  strictEqual(zeros.code, "CORRUPT");
  strictEqual(zeros.message, "Cannot read superblock: magic is 0x0, expected 0xef53");
  deepStrictEqual({ ...zeros.where }, { source: "zeros", offset: 1024 });
  strictEqual(errorOf(memorySource(new Uint8Array(100))).code, "CORRUPT");

  const image = await sampleImage();
  strictEqual(errorOf(memorySource(image.subarray(0, image.length - 1))).code, "CORRUPT");
  const source = memorySource(image);
  const broken = { ...source, read: () => 7 };
  strictEqual(errorOf(broken).message, "Cannot read superblock: 7 bytes are there, expected 1024");
});

Deno.test("isInRange() lets names of the next leaf's hash in when its lowest bit says so", () => {
  strictEqual(isInRange(8, { first: 8, end: 12 }), true);
  strictEqual(isInRange(6, { first: 8, end: 12 }), false);
  strictEqual(isInRange(12, { first: 8, end: 12 }), false);
  strictEqual(isInRange(12, { first: 8, end: 13 }), true);
  strictEqual(isInRange(14, { first: 8, end: 13 }), false);
  strictEqual(isInRange(0xffff_fffc, { first: 8, end: 2 ** 32 }), true);
});
