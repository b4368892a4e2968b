import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import type { ByteSource } from "./byte_source.ts";
import { ImageError } from "../image_error.ts";
import { fileSource } from "./file_source.ts";
import { memorySource } from "./memory_source.ts";

const BYTES = Uint8Array.from({ length: 1000 }, (_, i) => i * 7);

function checkSource(source: ByteSource) {
  strictEqual(source.size, 1000);
  const into = new Uint8Array(100);
  // In order, backwards, again, over the end and behind it.
  for (const position of [0, 100, 300, 7, 7, 900]) {
    strictEqual(source.read(into, position), 100);
    deepStrictEqual(into, BYTES.slice(position, position + 100));
  }
  strictEqual(source.read(into, 950), 50);
  deepStrictEqual(into.subarray(0, 50), BYTES.subarray(950));
  strictEqual(source.read(into, 1000), 0);
  strictEqual(source.read(into, 5000), 0);
  source.close();
}

Deno.test("memorySource() reads anywhere", () => checkSource(memorySource(BYTES)));

Deno.test("fileSource() reads anywhere", () => {
  const path = Deno.makeTempFileSync();
  try {
    Deno.writeFileSync(path, BYTES);
    checkSource(fileSource(path));
  } finally {
    Deno.removeSync(path);
  }
});

Deno.test("fileSource() refuses what cannot be read at positions", () => {
  const codeOf = (path: string) => {
    let code = "";
    throws(() => fileSource(path), (error) => {
      ok(error instanceof ImageError);
      strictEqual(error.where.source, path);
      code = error.code;
      return true;
    });
    return code;
  };
  strictEqual(codeOf("/no/such/file"), "NOT_FOUND");
  strictEqual(codeOf("/dev/null"), "UNSUPPORTED");
  strictEqual(codeOf("/dev"), "UNSUPPORTED");
});
