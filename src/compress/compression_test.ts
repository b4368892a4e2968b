import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { formatCompression, parseCompression } from "./compression.ts";

Deno.test("parseCompression() takes a name, or a name and a level", () => {
  const allowed = ["none", "gzip", "zstd"] as const;
  deepStrictEqual(parseCompression("zstd", allowed), { name: "zstd", level: null });
  deepStrictEqual(parseCompression("zstd:15", allowed), { name: "zstd", level: 15 });
  deepStrictEqual(parseCompression("gzip:1", allowed), { name: "gzip", level: 1 });
  for (const text of ["zstd:15", "gzip", "none"]) {
    strictEqual(formatCompression(parseCompression(text, allowed)), text);
  }
});

Deno.test("parseCompression() refuses what the user of it does not know", () => {
  const allowed = ["none", "gzip", "zstd"] as const;
  throws(() => parseCompression("xz", allowed), /"xz", expected none, gzip, zstd/);
  throws(() => parseCompression("", allowed), RangeError);
  throws(() => parseCompression("zstd:", allowed), RangeError);
  throws(() => parseCompression("zstd:0", allowed), /level is 0, expected 1 to 22/);
  throws(() => parseCompression("zstd:23", allowed), /level is 23, expected 1 to 22/);
  throws(() => parseCompression("gzip:10", allowed), /level is 10, expected 1 to 9/);
  throws(() => parseCompression("none:1", allowed), /none has no levels/);
  throws(() => parseCompression("toString", allowed), RangeError);
});
