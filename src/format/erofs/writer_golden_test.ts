/**
 * The bytes of images are a promise: they change only together with the format number. After such a
 * change, `UPDATE_GOLDEN=1 deno test -A src/format/erofs/writer_golden_test.ts` writes them anew.
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { CaseTree } from "../../../tests/conformance/case_tree.ts";
import { writeTree } from "../../../tests/conformance/write_tree.ts";
import { memorySink } from "../../io/memory_sink.ts";
import { erofs, EROFS_FORMAT_NUMBER, type ErofsOptions } from "./format.ts";

const GOLDEN = new URL("../../../testdata/golden/erofs.json", import.meta.url);

// Compressed bytes depend on the release of the runtime, but lz4 is our own.
const IMAGES: Record<string, ErofsOptions> = {
  "default": {},
  "blocks of 1024": { blockSize: 1024, label: "golden" },
  "lz4": { compression: "lz4", compressionWorkers: 0 },
};

async function digestOf(options: ErofsOptions): Promise<string> {
  const tree = new CaseTree().directory("crowd").directory("files", { mtime: [5, 6] });
  for (let i = 0; i < 3000; i++) tree.file(`crowd/name ${i}`, { size: i % 100 });
  for (let i = 0; i < 40; i++) {
    const xattrs = { "user.label": `${i >> 3}`, "trusted.one": `${i}` };
    tree.file(`files/${i}`, { size: i * 10_007, uid: i * 5000, mtime: i * 1e8, xattrs })
      .file(`files/sparse ${i}`, { size: i * 30_001, data: [[i * 1000, i * 1000 + i]] });
  }
  tree.symlink("link", "files/1").link("again", "files/2").special("fifo", "fifo")
    .device("device", "characterDevice", 5, 1);
  const sink = memorySink();
  const released = [{
    size: 30_000,
    content: { seed: 1, data: [[0, 30_000]] as [number, number][], writesZeros: false },
  }];
  await writeTree(erofs(options), tree.finish(), sink, { released, byTurns: true });
  return createHash("sha256").update(sink.bytes).digest("hex");
}

Deno.test("the bytes of erofs images change only with the format number", async () => {
  const found: Record<string, string> = {};
  for (const [name, options] of Object.entries(IMAGES)) found[name] = await digestOf(options);
  const text = JSON.stringify({ formatNumber: EROFS_FORMAT_NUMBER, images: found }, null, 2);
  if (Deno.env.get("UPDATE_GOLDEN") === "1") writeFileSync(GOLDEN, `${text}\n`);
  const golden = JSON.parse(readFileSync(GOLDEN, "utf8"));
  strictEqual(golden.formatNumber, EROFS_FORMAT_NUMBER);
  deepStrictEqual(found, golden.images, "these bytes need another EROFS_FORMAT_NUMBER");
});
