import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { bytesOf, type ByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { memorySink } from "../../io/memory_sink.ts";
import { memorySource } from "../../io/memory_source.ts";
import { DumpReader } from "../../tree/dump_reader.ts";
import { cutDirectory } from "./directory_blocks.ts";
import type { ImageInode } from "./image_inode.ts";
import { planImage } from "./image_plan.ts";
import { readImage } from "./read_image.ts";
import { writeImage } from "./write_image.ts";

const ROOT = "/ 0 40755 2 0 0 0 0.0 - - -\n";
const file = (name: string, content: string) =>
  `/${name} ${content.length} 100644 1 0 0 0 0.0 - ${
    content.replace(/[^a-z]/g, (it) => `\\x${it.charCodeAt(0).toString(16).padStart(2, "0")}`)
  } -\n`;

/** Patches the image of a dump, which knows where its files are, and answers why it is refused. */
function refusal(
  dump: string,
  patch: (view: DataView, at: (name: ByteString) => ImageInode) => void,
): string {
  const reader = new DumpReader();
  reader.write(bytesOf(ROOT + dump));
  const tree = reader.end();
  const sink = memorySink();
  const output = sink.open();
  writeImage(tree, output, { version: 1 });
  output.commit();
  const { files } = planImage(tree, 1, () => {});
  readImage(memorySource(sink.bytes));
  patch(
    new DataView(sink.bytes.buffer),
    (name) => name === "" ? files[0] : files[tree.root.children!.get(name)!.number],
  );
  let found = "";
  throws(() => readImage(memorySource(sink.bytes)), (error) => {
    ok(error instanceof ImageError, String(error));
    found = error.message;
    return true;
  });
  return found;
}

/** Sets the number of the inode in the entry of a name in the first block of a directory. */
function setEntry(view: DataView, start: number, index: number, nid: number): void {
  view.setUint32(start + index * 12, nid, true);
}

Deno.test("readImage() refuses an inode that stands in the bytes of another file", () => {
  // An empty pipe, as a compact inode.
  const fifo = "\0\0\0\0\xa4\x11\x01\0" + "\0".repeat(24);
  const message = refusal(file("a", fifo) + "/b 0 10644 1 0 0 0 0.0 - - -\n", (view, at) => {
    const { names, startBlock } = at("");
    const place = at("a").position + 32;
    strictEqual(view.getUint16(place + 4, true), 0o10644);
    setEntry(view, startBlock * 4096, names.indexOf("b"), place / 32);
  });
  ok(message.includes("another has the same bytes"), message);
});

Deno.test("readImage() refuses blocks that belong to two files", () => {
  const dump = file("a", "x".repeat(3000)) + file("b", "y".repeat(3000));
  const message = refusal(dump, (view, at) => {
    const [a, b] = [at("a"), at("b")];
    ok(a.startBlock > 0 && b.startBlock === a.startBlock + 1);
    view.setUint32(b.position + 16, a.startBlock, true);
  });
  ok(message.includes("another has the same bytes"), message);
});

Deno.test("readImage() refuses wrong entries for a directory and the one above it", () => {
  for (const [index, name] of [[0, "."], [1, ".."]] as const) {
    const message = refusal("/zz 0 40755 2 0 0 0 0.0 - - -\n", (view, at) => {
      const { position } = at("zz");
      const start = position + 32;
      strictEqual(view.getUint8(start + 10), 2);
      setEntry(view, start, index, index === 0 ? at("").position / 32 : position / 32);
    });
    ok(message.includes(`"${name}" is inode`), message);
  }
});

Deno.test("readImage() refuses an object that is not all holes in the image", () => {
  const digest = "5a".repeat(32);
  const dump = `/a 5000 100644 1 0 0 0 0.0 5a/5b - ${digest}\n`;
  const message = refusal(dump, (view, at) => {
    const { position, xattrSize, tailSize } = at("a");
    strictEqual(tailSize, 4);
    view.setUint32(position + 32 + xattrSize, 1, true);
  });
  ok(message.includes("a chunk is block 1, expected a hole"), message);
});

Deno.test("cutDirectory() keeps up to half a block behind the inode, and fills blocks", () => {
  // Each entry of 244 bytes of name takes 256.
  const names = (count: number, last = 244) =>
    Array.from({ length: count }, (_, i) => "n".repeat(i === count - 1 ? last : 244));
  deepStrictEqual(cutDirectory(names(8)), { blockEnds: [], tailSize: 2048 });
  deepStrictEqual(cutDirectory(names(8, 245)), { blockEnds: [8], tailSize: 0 });
  deepStrictEqual(cutDirectory(names(16)), { blockEnds: [16], tailSize: 0 });
  deepStrictEqual(cutDirectory(names(17)), { blockEnds: [16], tailSize: 256 });
  deepStrictEqual(cutDirectory(names(16, 245)), { blockEnds: [15], tailSize: 257 });
});

Deno.test("planImage() keeps the end of a file in one block, whatever stands before it", () => {
  for (const version of [0, 1] as const) {
    for (let extra = 0; extra < 9; extra++) {
      let dump = ROOT;
      for (let i = 0; i < 12; i++) {
        dump += `/f${i} 700 100644 1 0 0 0 0.${i} - ${"x".repeat(700)} - user.${i}=${
          "v".repeat(extra)
        }\n`;
      }
      const reader = new DumpReader();
      reader.write(bytesOf(dump));
      const tree = reader.end();
      let moved = 0;
      let end = 0;
      for (const each of planImage(tree, version, () => {}).files) {
        strictEqual(each.position % 32, 0);
        const start = each.position + (each.isExtended ? 64 : 32) + each.xattrSize;
        const last = start + Math.max(1, each.tailSize) - 1;
        strictEqual(Math.floor(start / 4096), Math.floor(last / 4096));
        if (each.position - end >= 32) moved++;
        end = start + each.tailSize;
      }
      ok(moved > 1, `${extra}: ${moved}`);
      const sink = memorySink();
      const output = sink.open();
      writeImage(tree, output, { version });
      output.commit();
      strictEqual(readImage(memorySource(sink.bytes)).tree.root.children!.size, 12);
    }
  }
});

Deno.test("readImage() refuses shared attributes that stand in each other", () => {
  // At every fourth byte of the value an attribute of 16 KiB seems to begin.
  const value = "\\x01\\x01\\x00\\x40".repeat(10_000);
  let dump = "";
  for (let i = 0; i < 10; i++) dump += `/f${i} 0 100644 1 0 0 0 0.0 - - - user.abcd=${value}\n`;
  const message = refusal(dump, (view, at) => {
    for (let i = 0; i < 10; i++) {
      const reference = at(`f${i}`).position + 32 + 12;
      view.setUint32(reference, view.getUint32(reference, true) + 2 + i, true);
    }
  });
  ok(/shared ones have \d+ bytes, expected \d+/.test(message), message);
});
