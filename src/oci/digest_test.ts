import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { digestOf, formatDigest, parseDigest, shortDigest } from "./digest.ts";

const EMPTY_SHA256 = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

Deno.test("parseDigest() takes sha256 and sha512 and gives them back", () => {
  deepStrictEqual(parseDigest(EMPTY_SHA256), { algorithm: "sha256", hex: EMPTY_SHA256.slice(7) });
  const sha512 = `sha512:${"0123456789abcdef".repeat(8)}`;
  strictEqual(formatDigest(parseDigest(sha512)), sha512);
});

Deno.test("parseDigest() refuses everything that could become another path", () => {
  const hex = EMPTY_SHA256.slice(7);
  for (
    const text of [
      "",
      "sha256",
      "sha256:",
      "sha256:../../etc/passwd",
      `sha256:../${hex}`,
      `sha256:${hex}/`,
      `sha256:${hex}\n`,
      `\nsha256:${hex}`,
      `sha256:${hex.toUpperCase()}`,
      `sha256:${hex.slice(1)}`,
      `sha256:${hex}0`,
      `sha512:${hex}`,
      `SHA256:${hex}`,
      `../sha256:${hex}`,
      "/:abc",
      "sha256:sha256:abc",
    ]
  ) throws(() => parseDigest(text), { name: "ImageError", code: "CORRUPT" }, text);
});

Deno.test("parseDigest() names an algorithm that it does not know", () => {
  throws(() => parseDigest(`blake3:${"0".repeat(64)}`), {
    code: "UNSUPPORTED",
    message: /algorithm is "blake3", expected sha256 or sha512$/,
  });
});

Deno.test("digestOf() and shortDigest() match known values", () => {
  strictEqual(digestOf(new Uint8Array()), EMPTY_SHA256);
  strictEqual(digestOf(new Uint8Array(), "sha512").slice(0, 19), "sha512:cf83e1357eef");
  strictEqual(shortDigest(EMPTY_SHA256), "sha256:e3b0c44298fc");
});
