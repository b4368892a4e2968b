import { strictEqual, throws } from "node:assert/strict";
import { ImageError } from "../image_error.ts";
import { nodeEntry } from "../layer/layer_entry.ts";
import { FileKind, Inode } from "../tree/inode.ts";
import { LayerRecord } from "./layer_record.ts";

function entryOf(path: string, size = 0) {
  const inode = new Inode<string>(FileKind.regular, 0o644);
  inode.size = size;
  return nodeEntry(path, 0, inode);
}

Deno.test("LayerRecord.sameInode() gives the inodes of the first reading in their order", () => {
  const record = new LayerRecord<string>();
  const entries = Array.from({ length: 1000 }, (_, i) => entryOf(`file${i}`, i));
  for (const entry of entries) record.add(entry);
  entries.forEach((entry, i) => {
    strictEqual(record.sameInode(entryOf(`file${i}`, i), i), entry.inode);
  });
});

Deno.test("LayerRecord.sameInode() refuses what has changed since", () => {
  const record = new LayerRecord<string>();
  record.add(entryOf("a", 1));
  const changed = (error: unknown) =>
    error instanceof ImageError && error.code === "IO" &&
    /expected files that nobody/.test(`${error}`);
  throws(() => record.sameInode(entryOf("b", 1), 0), changed);
  throws(() => record.sameInode(entryOf("a", 2), 0), changed);
  throws(() => record.sameInode(entryOf("a", 1), 1), changed);
});
