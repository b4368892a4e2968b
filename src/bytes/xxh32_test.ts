import { strictEqual } from "node:assert/strict";
import { xxh32 } from "./xxh32.ts";

Deno.test("xxh32() gives the vectors of the specification and of other implementations", () => {
  strictEqual(xxh32("", 0), 0x02cc5d05);
  strictEqual(xxh32("", 0x9e3779b1), 0x36b78ae7);
  strictEqual(xxh32("a", 0), 0x550d7456);
  strictEqual(xxh32("abc", 0), 0x32d153ff);
  strictEqual(xxh32("Nobody inspects the spammish repetition", 0), 0xe2293b2f);
});
