import { strictEqual } from "node:assert/strict";
import { memorySink } from "../../io/memory_sink.ts";
import { memorySource } from "../../io/memory_source.ts";
import { countLinks, emptyTree } from "../../tree/file_tree.ts";
import { FileKind, Inode } from "../../tree/inode.ts";
import type { Ext4Content } from "./content.ts";
import { ext4 } from "./format.ts";
import { Ext4Groups } from "./reader_groups.ts";
import { Ext4Inodes } from "./reader_inodes.ts";
import { Ext4Volume } from "./reader_volume.ts";

// Their table has more bytes than are kept.
const FILE_COUNT = 20_000;
const FIRST_INODE = 12;

Deno.test("Ext4Inodes reads every inode in any order, though it keeps some blocks alone", async () => {
  const sink = memorySink();
  const opened = sink.open();
  const writer = ext4({ blockSize: 1024, readOnly: true }).createWriter(opened, {
    identity: () => "sha256:00",
    createdSeconds: 0,
    expectedBytes: 0,
    onNotice: () => {},
  });
  const tree = emptyTree<Ext4Content>();
  for (let i = 0; i < FILE_COUNT; i++) {
    tree.root.children!.set(`${i}`, new Inode(FileKind.regular, 0o644));
  }
  countLinks(tree);
  await writer.finish(tree);
  opened.commit();
  const volume = new Ext4Volume(memorySource(sink.bytes));
  const inodes = new Ext4Inodes(volume, new Ext4Groups(volume));
  // A step without a common divisor meets all of them, far from each other, and then their neighbours.
  for (const step of [1, 7919, FILE_COUNT - 1]) {
    for (let i = 0, at = 0; i < FILE_COUNT; i++, at = (at + step) % FILE_COUNT) {
      // The checksum that this verifies has the inode's number in it.
      strictEqual(inodes.read(FIRST_INODE + at).fields.mode, 0o100644);
    }
  }
});
