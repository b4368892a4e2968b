/**
 * Images of more blocks than 32 bits can count: the feature `48bit`, which Linux reads from 6.15 on.
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { erofs } from "../../src/format/erofs/format.ts";
import { openErofs } from "../../src/format/erofs/reader.ts";
import { fileSource } from "../../src/io/file_source.ts";
import { withMountedImage } from "../loop_mount.ts";
import { toolTest } from "../tools.ts";
import { CaseTree } from "./case_tree.ts";
import { plainSink, withImageFile } from "./plain_sink.ts";
import { writeTree } from "./write_tree.ts";

/** Chunks of a file of 2^50 bytes in blocks of 512: no more than 2^18 of them. */
const CHUNK_SIZE = 2 ** 32;
const CHUNK_COUNT = 600;

toolTest(
  "an image of more than 2^32 blocks is read by us and the kernel",
  ["mount:erofs:48bit"],
  async () => {
    const tree = new CaseTree()
      .file("a", {
        size: 2 ** 50,
        data: Array.from({ length: CHUNK_COUNT }, (_, i): [number, number] => [
          2 * i * CHUNK_SIZE,
          2 * i * CHUNK_SIZE + 5,
        ]),
      })
      .file("b", { size: 5000, xattrs: { "user.a": "b" } })
      .directory("crowd").symlink("link", "x".repeat(700));
    for (let i = 0; i < 100; i++) tree.file(`crowd/${i}`, { size: i, xattrs: { "user.a": "b" } });
    await withImageFile(async (image) => {
      const { report } = await writeTree(
        erofs({ blockSize: 512 }),
        tree.finish(),
        plainSink(image),
      );
      ok(report.details.blocks as number > 2 ** 32);
      const reader = openErofs(fileSource(image));
      ok(reader.description.features.includes("48bit"));
      const { children } = reader.tree.root;
      const bytes = new Uint8Array(5000);
      reader.read(children!.get("b")!.content!, bytes, 0);
      const large = children!.get("a")!;
      const last = 2 * (CHUNK_COUNT - 1) * CHUNK_SIZE;
      deepStrictEqual(reader.seekData(large.content!, last - 1), last);
      deepStrictEqual(reader.seekData(large.content!, last + CHUNK_SIZE), Infinity);
      const piece = new Uint8Array(8);
      reader.read(large.content!, piece, last);
      withMountedImage(image, (directory) => {
        deepStrictEqual(new Uint8Array(readFileSync(`${directory}/b`)), bytes);
        deepStrictEqual(Deno.readLinkSync(`${directory}/link`), "x".repeat(700));
        deepStrictEqual([...Deno.readDirSync(`${directory}/crowd`)].length, 100);
        using file = Deno.openSync(`${directory}/a`);
        file.seekSync(last, Deno.SeekMode.Start);
        const found = new Uint8Array(8);
        file.readSync(found);
        deepStrictEqual(found, piece);
        ok(found.subarray(0, 5).some((byte) => byte !== 0));
      }, { type: "erofs" });
      reader.close();
    });
  },
);
