/**
 * Random trees: what is written is read back, by our reader and by the kernel, and damaged images
 * give nothing but `ImageError`.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { squashfs } from "../../src/format/squashfs/format.ts";
import { openSquashfs } from "../../src/format/squashfs/reader.ts";
import { ImageError } from "../../src/image_error.ts";
import { memorySink } from "../../src/io/memory_sink.ts";
import { memorySource } from "../../src/io/memory_source.ts";
import { compareTrees, formatDifference } from "../../src/tree/compare.ts";
import { type FileTree, walk } from "../../src/tree/file_tree.ts";
import { CaseTree } from "./case_tree.ts";
import { type GeneratedContent, generatedReader } from "./generated_content.ts";
import { arbitraryStep, buildTree } from "./random_tree.ts";
import { squashfsExpectation } from "./squashfs_cases.ts";
import { writeTree, type WriteTreeOptions } from "./write_tree.ts";

const settings = fc.record({
  blockSize: fc.constantFrom(4096, 16_384, 131_072, 1_048_576),
  compression: fc.constantFrom("zstd:1", "gzip:1", "lz4", "none"),
  noFragments: fc.boolean(),
});

/** Times that squashfs can hold, and no holes of gigabytes. */
function tamed(tree: FileTree<GeneratedContent>): FileTree<GeneratedContent> {
  for (const { inode } of walk(tree)) {
    inode.mtimeSeconds = Math.abs(inode.mtimeSeconds) % 2 ** 32;
    const end = inode.content?.data.at(-1)?.[1] ?? 0;
    if (inode.content !== null) inode.size = Math.min(inode.size, end + 10_000_000);
  }
  return squashfsExpectation(tree);
}

Deno.test("squashfs images of random trees read back equal", async () => {
  const property = fc.asyncProperty(
    fc.array(arbitraryStep, { maxLength: 40, size: "max" }),
    settings,
    fc.constantFrom(1000, 4096, 65_536, 1_048_576),
    async (steps, options, chunkSize) => {
      const tree = tamed(buildTree(steps).finish());
      const sink = memorySink();
      await writeTree(squashfs({ ...options, compressionWorkers: 0 }), tree, sink, { chunkSize });
      const reader = openSquashfs(memorySource(sink.bytes));
      const problems: string[] = [];
      reader.check(({ message }) => problems.push(message));
      const found = { tree: reader.tree, reader };
      for (const it of compareTrees({ tree, reader: generatedReader }, found)) {
        problems.push(formatDifference(it));
      }
      deepStrictEqual(problems, []);
    },
  );
  await fc.assert(property, { numRuns: 40 });
});

function richTree(): CaseTree {
  const tree = new CaseTree().directory("d").directory("d/e").directory("d/e/f").directory("large");
  for (let i = 0; i < 500; i++) tree.file(`large/a longer name for file ${i}`, { size: i % 3 });
  return tree
    .file("scattered", { data: Array.from({ length: 40 }, (_, i) => [i * 9000, i * 9000 + 5]) })
    .file("d/file", { size: 30_000, xattrs: { "user.a": "b", "trusted.c": "" } })
    .file("d/other", { size: 5000, xattrs: { "user.a": "x".repeat(300), "user.b": "y" } })
    .symlink("fast", "d/file").symlink("slow", "s".repeat(90))
    .device("device", "blockDevice", 8, 300).special("fifo", "fifo").link("again", "d/file");
}

/** Reads all that an image says; answers whether it could be opened. */
function readAll(bytes: Uint8Array): boolean {
  try {
    const reader = openSquashfs(memorySource(bytes));
    const buffer = new Uint8Array(10_000);
    for (const { inode } of walk(reader.tree)) {
      if (inode.content === null) continue;
      for (let i = 0, at = 0; i < 20 && at < inode.size; i++, at += buffer.length) {
        at = reader.seekData(inode.content, at);
        if (at < inode.size) ok(reader.read(inode.content, buffer, at) > 0);
      }
    }
    reader.check(() => {});
    return true;
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    return false;
  }
}

const mutations = fc.array(
  fc.tuple(
    fc.nat(),
    fc.oneof(
      fc.nat({ max: 255 }).map((value) => [value]),
      fc.constantFrom([0, 0, 0, 0], [255, 255, 255, 255], [255, 255, 255, 127], [1, 0, 0, 0]),
    ),
  ),
  { minLength: 1, maxLength: 4 },
);

// Without compression, damage reaches the structs; with it, the decompressors.
for (const compression of ["none", "zstd:1", "gzip:1", "lz4"]) {
  Deno.test(`openSquashfs() answers damage of ${compression} with ImageError alone`, async () => {
    const sink = memorySink();
    const format = squashfs({ compression, blockSize: 4096, compressionWorkers: 0 });
    await writeTree(format, richTree().finish(), sink);
    const image = sink.bytes;
    ok(readAll(image));
    let opened = 0;
    let refused = 0;
    // Most of the image is tables: the metadata stands behind the data.
    const property = fc.property(mutations, fc.boolean(), (changes, inHead) => {
      const bytes = image.slice();
      for (const [place, values] of changes) {
        bytes.set(values, place % (inHead ? 92 : bytes.length - 4));
      }
      if (readAll(bytes)) opened++;
      else refused++;
    });
    fc.assert(property, { numRuns: 500 });
    ok(opened > 0 && refused > 0, `${opened} opened, ${refused} refused`);
    for (let size = 0; size < image.length - 4096; size += 97) {
      ok(!readAll(image.slice(0, size)), `accepted ${size} bytes`);
    }
  });
}

async function sha256Of(
  tree: FileTree<GeneratedContent>,
  workers: number,
  options: WriteTreeOptions = {},
): Promise<string> {
  const sink = memorySink();
  await writeTree(
    squashfs({ compression: "gzip:6", blockSize: 16_384, compressionWorkers: workers }),
    tree,
    sink,
    options,
  );
  return createHash("sha256").update(sink.bytes).digest("hex");
}

/** Many blocks, files that come twice among them, and dead ones. */
function busyTree(): FileTree<GeneratedContent> {
  const tree = new CaseTree();
  for (let i = 0; i < 60; i++) {
    tree.file(`${i}`, { size: 1 + i * 9001 });
    tree.file(`${i} again`, { size: 1 + i * 9001 });
    if (i % 3 === 0) tree.at(`${i} again`).content = tree.at(`${i}`).content;
  }
  return tree.finish();
}

Deno.test("squashfs images are the same for any number of workers and any pieces", async () => {
  const released = [5, 70_000, 200_000].map((size, i) => ({
    size,
    content: { seed: 70 + i, data: [[0, size]] as [number, number][], writesZeros: false },
  }));
  const reference = await sha256Of(busyTree(), 0, { released });
  for (const workers of [1, 2, 4]) {
    strictEqual(await sha256Of(busyTree(), workers, { released }), reference, `${workers} workers`);
  }
  for (const chunkSize of [999, 16_384, 1_000_000]) {
    strictEqual(await sha256Of(busyTree(), 0, { released, chunkSize }), reference);
  }
});

Deno.test("dead files are not in a squashfs image", async () => {
  const text = new TextEncoder();
  for (const compression of ["none", "zstd:3"]) {
    const sink = memorySink();
    const open = sink.open();
    const writer = squashfs({ compression, blockSize: 4096, compressionWorkers: 0 })
      .createWriter(open, {
        identity: () => "x",
        createdSeconds: 0,
        expectedBytes: 0,
        onNotice: () => {},
      });
    const place = (bytes: Uint8Array) => {
      const file = writer.beginFile(bytes.length);
      file.write(bytes);
      return file.end();
    };
    const secret = "a secret that nobody may read, ".repeat(400).slice(0, 9000);
    const kept = new CaseTree().file("kept", { size: 3000 }).finish();
    const dead = [place(text.encode(secret)), place(text.encode("short secret"))];
    const twice = place(text.encode("kept by another"));
    const keptBytes = new Uint8Array(3000).fill(7);
    const inode = kept.root.children!.get("kept")!;
    const content = place(keptBytes);
    strictEqual(place(text.encode("kept by another")), twice);
    for (const it of [...dead, twice]) writer.release(it);
    const root = { ...kept.root, children: new Map([["kept", { ...inode, content }]]) };
    await writer.finish({ root: root as never });
    open.commit();
    writer.close?.();
    const reader = openSquashfs(memorySource(sink.bytes));
    const found = new Uint8Array(3000);
    strictEqual(reader.read(reader.tree.root.children!.get("kept")!.content!, found, 0), 3000);
    deepStrictEqual(found, keptBytes);
    // What is left of the fragment block, decompressed.
    const fragment = new Uint8Array(100);
    strictEqual(reader.read(Object.assign(dead[1], { size: 12 }), fragment.subarray(0, 12), 0), 12);
    deepStrictEqual(fragment.subarray(0, 12), new Uint8Array(12));
    const other = new Uint8Array(15);
    reader.read(twice, other, 0);
    deepStrictEqual(other, text.encode("kept by another"));
    const image = new TextDecoder("latin1").decode(sink.bytes);
    ok(!image.includes("secret that"), `the secret is in the image (${compression})`);
  }
});
