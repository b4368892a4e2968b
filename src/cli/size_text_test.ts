import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { formatSize, parseFreeSpace, parseSize } from "./size_text.ts";

Deno.test("parseSize() counts K, M, G, T by 1024 and KB, MB, GB, TB by 1000", () => {
  const sizes: Record<string, number> = {
    "0": 0,
    "4096": 4096,
    "100B": 100,
    "1K": 1024,
    "1k": 1024,
    "512M": 536870912,
    "512MiB": 536870912,
    "512 mib": 536870912,
    "2G": 2147483648,
    "4GiB": 4294967296,
    "1.5GiB": 1610612736,
    "0.5K": 512,
    "1T": 1099511627776,
    "1KB": 1000,
    "1.5MB": 1500000,
    "2GB": 2000000000,
    "3TB": 3000000000000,
    "9007199254740991": Number.MAX_SAFE_INTEGER,
  };
  for (const [text, bytes] of Object.entries(sizes)) strictEqual(parseSize(text), bytes, text);
});

Deno.test("parseSize() refuses what is no exact size", () => {
  const wrong = ["", "M", "-1", "+1", "1.M", ".5M", "1e3", "0x10", "1 2", "1KK", "1Mbit", "1iB"];
  const inexact = ["0.1K", "1.0001K", "0.5", "9007199254740992", "8P", "99999999999999999999P"];
  for (const text of [...wrong, ...inexact, "10%", "1".repeat(30)]) {
    throws(() => parseSize(text), SyntaxError, text);
  }
});

Deno.test("parseSize() is exact for every whole number of bytes", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (bytes) => {
      strictEqual(parseSize(String(bytes)), bytes);
      // The same number in MiB, written out in full, is exact too.
      const fraction = BigInt(bytes % 1048576) * 10n ** 20n / 1048576n;
      const text = `${Math.floor(bytes / 1048576)}.${String(fraction).padStart(20, "0")}M`;
      strictEqual(parseSize(text), bytes);
    }),
  );
});

Deno.test("parseFreeSpace() takes bytes or a share", () => {
  deepStrictEqual(parseFreeSpace("2G"), { bytes: 2147483648 });
  deepStrictEqual(parseFreeSpace("0"), { bytes: 0 });
  deepStrictEqual(parseFreeSpace("20%"), { percent: 20 });
  deepStrictEqual(parseFreeSpace("12.5 %"), { percent: 12.5 });
  for (const text of ["%", "-5%", "x%", "1e2%"]) throws(() => parseFreeSpace(text), SyntaxError);
});

Deno.test("formatSize() keeps two or three digits", () => {
  const texts: [number, string][] = [
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [1536, "1.5 KiB"],
    [10 * 1024, "10 KiB"],
    [1048575, "1.0 MiB"],
    [1610612736, "1.5 GiB"],
    [Number.MAX_SAFE_INTEGER, "8.0 PiB"],
  ];
  for (const [bytes, text] of texts) strictEqual(formatSize(bytes), text);
});
