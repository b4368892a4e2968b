import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { bytesOf } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import type { ContentReader } from "../../tree/content_reader.ts";
import { emptyTree, type FileTree } from "../../tree/file_tree.ts";
import { FileKind, Inode } from "../../tree/inode.ts";
import type { Layer } from "../layer.ts";
import { openLayer, readLayer } from "../read_layer.ts";
import { HOLE_PIECE_SIZE } from "../step_reading.ts";
import { TarRecorder } from "../tar/tar_recorder.ts";

/** Bytes with a hole in front, and perhaps one behind. */
interface Content {
  readonly hole: number;
  readonly bytes: Uint8Array;
  readonly size?: number;
}

const reader: ContentReader<Content> = {
  read({ hole, bytes, size = hole + bytes.length }, into, position) {
    let count = 0;
    while (count < into.length && position + count < size) {
      const at = position + count - hole;
      into[count++] = bytes[at] ?? 0;
    }
    return count;
  },
  seekData: ({ hole, bytes }, position) =>
    position < hole ? hole : position < hole + bytes.length ? position : Infinity,
};

function add(
  directory: Inode<Content>,
  name: string,
  content: Content | null,
  size = content === null ? 0 : content.hole + content.bytes.length,
): Inode<Content> {
  const inode = new Inode<Content>(FileKind.regular, 0o644);
  inode.content = content;
  inode.size = size;
  directory.children!.set(name, inode);
  return inode;
}

function directoryIn(directory: Inode<Content>, name: string): Inode<Content> {
  const inode = new Inode<Content>(FileKind.directory, 0o700);
  directory.children!.set(name, inode);
  return inode;
}

Deno.test("a long hole comes in pieces", async () => {
  const tree = emptyTree<Content>();
  const hole = 2 * HOLE_PIECE_SIZE + 7;
  add(tree.root, "a", { hole, bytes: bytesOf("end") });
  const recorder = new TarRecorder();
  await readLayer(layerOf(tree), recorder);
  deepStrictEqual(recorder.get("a").holes, [
    [0, HOLE_PIECE_SIZE],
    [HOLE_PIECE_SIZE, HOLE_PIECE_SIZE],
    [2 * HOLE_PIECE_SIZE, 7],
  ]);
});

function layerOf(tree: FileTree<Content>): Layer {
  return {
    index: 0,
    name: "0 (tree)",
    size: 0,
    job: {
      kind: "tree",
      tree,
      reader: reader as ContentReader<unknown>,
      declaredCompression: null,
      digest: null,
      diffId: null,
    },
  };
}

Deno.test("readLayer() reads a tree: path order, hard links, holes, plain names", async () => {
  const tree = emptyTree<Content>();
  const d = directoryIn(tree.root, "d");
  const content = { hole: 1000, bytes: new Uint8Array(300_000).fill(5), size: 900_000 };
  const file = add(d, "file", content, content.size);
  file.uid = 7;
  file.atimeSeconds = 9;
  file.xattrs = [{ name: "user.a", value: bytesOf("b") }];
  tree.root.children!.set("again", file);
  add(d, ".wh.removed", { hole: 0, bytes: bytesOf("x") });
  add(tree.root, "empty", null);
  add(tree.root, "hole", null, 70_000);
  const recorder = new TarRecorder();
  const summary = await readLayer(layerOf(tree), recorder);
  deepStrictEqual(
    recorder.entries.map(({ entry: { kind, path, target } }) => [kind, path, target]),
    [
      ["node", "", ""],
      ["node", "again", ""],
      ["node", "d", ""],
      ["node", "d/.wh.removed", ""],
      ["hardlink", "d/file", "again"],
      ["node", "empty", ""],
      ["node", "hole", ""],
    ],
  );
  const [, again, , whiteout, , , hole] = recorder.entries;
  // Holes inside what is read at once are found too, from whole KiB of the file on.
  const written = 294 * 1024;
  deepStrictEqual(again.holes, [[0, 1000], [written, 900_000 - written]]);
  strictEqual(again.body!.length, 900_000);
  deepStrictEqual(again.body!.subarray(1000, 301_000), content.bytes);
  deepStrictEqual(whiteout.body, bytesOf("x"));
  deepStrictEqual(hole.holes, [[0, 70_000]]);
  const copy = again.entry.inode!;
  deepStrictEqual([copy.uid, copy.atimeSeconds, copy.xattrs], [7, 9, file.xattrs]);
  // Whoever reads places the bytes anew: nothing of the tree itself may change.
  ok(copy !== file && copy.content === null && file.content !== null);
  deepStrictEqual([summary.entryCount, summary.uncompressedSize], [7, 970_001]);
});

Deno.test("readLayer() of a tree tells its content by a digest, the same at every reading", async () => {
  const tree = (text: string) => {
    const made = emptyTree<Content>();
    add(made.root, "file", { hole: 0, bytes: bytesOf(text) });
    return made;
  };
  const digestOf = async (layer: Layer) =>
    (await readLayer(layer, new TarRecorder())).contentDigest;
  const layer = layerOf(tree("one"));
  const digest = await digestOf(layer);
  strictEqual(await digestOf(layer), digest);
  strictEqual(await digestOf(layerOf(tree("one"))), digest);
  ok(await digestOf(layerOf(tree("two"))) !== digest);
});

Deno.test("a tree is read by turns that end between files, a large file in pieces", async () => {
  const tree = emptyTree<Content>();
  add(tree.root, "a", { hole: 0, bytes: new Uint8Array(600_000).fill(1) });
  add(tree.root, "b", { hole: 0, bytes: bytesOf("b") });
  const recorder = new TarRecorder();
  const reading = openLayer(layerOf(tree), recorder);
  strictEqual(await reading.advance(1), false);
  strictEqual(await reading.advance(1000), false);
  deepStrictEqual(recorder.entries.map(({ entry, isEnded }) => [entry.path, isEnded]), [
    ["", false],
    ["a", true],
  ]);
  strictEqual(await reading.advance(Infinity), true);
  strictEqual(recorder.entries.length, 3);
  reading.close();
});

Deno.test("a tree whose reader has too few bytes is an error that names layer and path", async () => {
  const tree = emptyTree<Content>();
  add(directoryIn(tree.root, "d"), "short", { hole: 0, bytes: bytesOf("four") }, 5);
  const short: ContentReader<Content> = { ...reader, seekData: (_, position) => position };
  const layer = layerOf(tree);
  const job = { ...layer.job, reader: short } as Layer["job"];
  await rejects(readLayer({ ...layer, job }, new TarRecorder()), (error) => {
    ok(error instanceof ImageError);
    deepStrictEqual([error.code, error.where.layer, error.where.path], [
      "CORRUPT",
      "0 (tree)",
      "d/short",
    ]);
    return true;
  });
});
