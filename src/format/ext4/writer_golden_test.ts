/**
 * The bytes of images are a promise: they change only together with the format number. After such a
 * change, `UPDATE_GOLDEN=1 deno test -A src/format/ext4/writer_golden_test.ts` writes them anew.
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { add, addFile, everyKind, withImage } from "../../../tests/ext4_image.ts";
import { FileKind } from "../../tree/inode.ts";
import { EXT4_FORMAT_NUMBER, type Ext4Options } from "./format.ts";

const GOLDEN = new URL("../../../testdata/golden/ext4.json", import.meta.url);

const IMAGES: Record<string, Ext4Options> = {
  "default": {},
  "blocks of 1024 with a journal": { blockSize: 1024, journal: "auto", label: "golden" },
  "fixed size": { size: 200 << 20, blockSize: 2048, reservedPercent: 5 },
  "read-only": { readOnly: true },
  "kernel 3.10": { compat: "3.10", inodeSize: 512 },
};

/** SHA-256 of an image. */
async function digestOf(options: Ext4Options): Promise<string> {
  let digest = "";
  await withImage(options, (writer, tree) => {
    everyKind(writer, tree);
    const { root } = tree;
    const dead = writer.beginFile(30_000);
    dead.write(new Uint8Array(30_000).fill(5));
    const content = dead.end();
    for (let i = 0; i < 9; i++) {
      const file = addFile(writer, root, `data-${i}`, new Uint8Array(3_000_000).fill(i + 1));
      file.mtimeSeconds = 1e9 * i - 1;
      file.mtimeNanoseconds = 7 * i;
      file.xattrs = [{ name: "user.label", value: new Uint8Array(1000).fill(i >> 2) }];
    }
    writer.release(content);
    const crowd = add(root, "crowd", FileKind.directory);
    for (let i = 0; i < 20_000; i++) add(crowd, `name ${i}`);
  }, ({ path }) => {
    const hash = createHash("sha256").update(readFileSync(path));
    digest = hash.digest("hex");
  });
  return digest;
}

Deno.test("the bytes of images change only with the format number", async () => {
  const found: Record<string, string> = {};
  for (const [name, options] of Object.entries(IMAGES)) found[name] = await digestOf(options);
  const text = JSON.stringify({ formatNumber: EXT4_FORMAT_NUMBER, images: found }, null, 2);
  if (Deno.env.get("UPDATE_GOLDEN") === "1") writeFileSync(GOLDEN, `${text}\n`);
  const golden = JSON.parse(readFileSync(GOLDEN, "utf8"));
  strictEqual(golden.formatNumber, EXT4_FORMAT_NUMBER);
  deepStrictEqual(found, golden.images, "these bytes need another EXT4_FORMAT_NUMBER");
});
