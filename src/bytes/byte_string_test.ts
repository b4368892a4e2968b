import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { bytesOf, byteStringFrom, displayByteString, utf8ByteString } from "./byte_string.ts";

Deno.test("byteStringFrom() and bytesOf() keep every byte value", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  const text = byteStringFrom(bytes);
  strictEqual(text.length, 256);
  for (let i = 0; i < 256; i++) strictEqual(text.charCodeAt(i), i);
  deepStrictEqual(bytesOf(text), bytes);
});

Deno.test("displayByteString() decodes UTF-8 and escapes what a terminal would obey", () => {
  strictEqual(displayByteString(utf8ByteString("größe")), "größe");
  strictEqual(displayByteString("a\x1b[31m\n"), "a\\x1b[31m\\x0a");
  strictEqual(displayByteString("\xff\xfeb"), "\\xff\\xfeb");
  strictEqual(displayByteString(utf8ByteString("a\u202eb")), "a\\u202eb");
});

Deno.test("byteStringFrom() is the same for short and long pieces, at any place", () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => i * 7);
  const whole = byteStringFrom(bytes);
  for (let size = 0; size <= 60; size++) {
    for (const start of [0, 1, 130]) {
      strictEqual(byteStringFrom(bytes, start, start + size), whole.slice(start, start + size));
    }
  }
});
