import { deepStrictEqual, rejects } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { concatBytes, tarEntry, tarHeader } from "../layer/tar/tar_fixture.ts";
import type { StoredFile } from "./file_store.ts";
import { rootEntryTar } from "./tar_split.ts";

const ROOT = tarEntry({ path: "./", type: "5", mode: 0o711, pax: { mtime: "1.5" } });

function around(bytes: Uint8Array): unknown {
  return { type: 2, payload: Buffer.from(bytes).toString("base64"), position: 0 };
}

function recordOf(lines: readonly unknown[], text = JSON.stringify): StoredFile {
  return stored(gzipSync(lines.map((line) => `${text(line)}\n`).join("")));
}

function stored(bytes: Uint8Array): StoredFile {
  return { location: { kind: "memory", bytes }, size: bytes.length };
}

async function found(file: StoredFile): Promise<Uint8Array | null> {
  return await rootEntryTar(file, () => {});
}

Deno.test("rootEntryTar() gives the headers of the root, without the padding before them", async () => {
  for (const name of ["./", ".", "/", "", "././"]) {
    const tar = await found(recordOf([
      around(tarHeader({ path: "file", size: 5 })),
      { type: 1, name: "file", size: 5, payload: "AAAA", position: 1 },
      around(concatBytes([new Uint8Array(507), ROOT])),
      { type: 1, name, payload: null, position: 3 },
      around(tarHeader({ path: "later" })),
      { type: 1, name: "later", payload: null, position: 5 },
    ]));
    deepStrictEqual(tar, new Uint8Array(concatBytes([ROOT, new Uint8Array(1024)])));
  }
  // In two pieces, as the first entry.
  const pieces = [around(ROOT.subarray(0, 512)), around(ROOT.subarray(512))];
  const tar = await found(recordOf([...pieces, { type: 1, name: "./" }]));
  deepStrictEqual(tar, new Uint8Array(concatBytes([ROOT, new Uint8Array(1024)])));
});

Deno.test("rootEntryTar() knows a tar without root", async () => {
  const names = ["a", "./a", "..", ".a/", ".//a"].map((name) => ({ type: 1, name }));
  deepStrictEqual(await found(recordOf(names)), null);
  // A name that is no UTF-8 stands elsewhere.
  deepStrictEqual(await found(recordOf([{ type: 1, name_raw: "/w==" }])), null);
  deepStrictEqual(await found(recordOf([])), null);
});

Deno.test("rootEntryTar() refuses what is no record", async () => {
  const line = { type: 1, name: "file" };
  await rejects(found(recordOf([line, "text"])), { code: "CORRUPT", message: /a record of a tar/ });
  await rejects(found(recordOf([line], () => "{")), { code: "CORRUPT", message: /is "\{"/ });
  const whole = gzipSync(Array.from({ length: 999 }, () => JSON.stringify(line)).join("\n"));
  await rejects(found(stored(whole.subarray(0, whole.length - 12))), { code: "CORRUPT" });
  await rejects(found(recordOf(["x".repeat(17 * 1024 * 1024)])), { code: "LIMIT_EXCEEDED" });
});
