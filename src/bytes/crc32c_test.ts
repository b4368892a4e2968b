import { strictEqual } from "node:assert/strict";
import { crc32c, crc32cU16, crc32cU32 } from "./crc32c.ts";

Deno.test("crc32c() matches the check value of the CRC catalogue", () => {
  const crc = crc32c(0xffffffff, new TextEncoder().encode("123456789"));
  strictEqual((crc ^ 0xffffffff) >>> 0, 0xe3069283);
});

Deno.test("crc32c() is the same in one piece and in any two", () => {
  const bytes = Uint8Array.from({ length: 67 }, (_, i) => i * 37);
  const whole = crc32c(0xffffffff, bytes);
  for (let cut = 0; cut <= bytes.length; cut++) {
    strictEqual(crc32c(crc32c(0xffffffff, bytes, 0, cut), bytes, cut), whole);
  }
});

Deno.test("crc32cU32() and crc32cU16() equal crc32c() over the same bytes", () => {
  const bytes = Uint8Array.of(0x78, 0x56, 0x34, 0xf2, 0xcd, 0xab);
  for (const start of [0, 0xffffffff, 0x12345678]) {
    const whole = crc32c(start, bytes);
    strictEqual(crc32cU16(crc32cU32(start, 0xf2345678), 0xabcd), whole);
  }
});
