import { deepStrictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { parsePaxTime } from "./pax_time.ts";

Deno.test("parsePaxTime() is exact to the nanosecond and rounds down in time", () => {
  const cases: [string, number, number][] = [
    ["0", 0, 0],
    ["-0", 0, 0],
    ["7.", 7, 0],
    ["12", 12, 0],
    ["1.000000001", 1, 1],
    ["1.0000000019", 1, 1],
    ["-0.0", 0, 0],
    ["-1", -1, 0],
    ["-0.000000001", -1, 999_999_999],
    ["-1.9999999999", -2, 0],
    ["1700000000", 1_700_000_000, 0],
    ["1700000000.5", 1_700_000_000, 500_000_000],
    ["1700000000.123456789", 1_700_000_000, 123_456_789],
    ["1.9999999999", 1, 999_999_999],
    ["-1.5", -2, 500_000_000],
    ["-1.0000000000", -1, 0],
    ["-1.0000000001", -2, 999_999_999],
    ["-0.9999999999", -1, 0],
    ["9007199254740991", Number.MAX_SAFE_INTEGER, 0],
  ];
  for (const [text, seconds, nanoseconds] of cases) {
    deepStrictEqual(parsePaxTime(text, "mtime"), { seconds, nanoseconds }, text);
  }
});

Deno.test("parsePaxTime() gives back any time", () => {
  const time = fc.tuple(
    fc.integer({ min: -(2 ** 45), max: 2 ** 45 }),
    fc.integer({ min: 0, max: 999_999_999 }),
  );
  fc.assert(fc.property(time, ([seconds, nanoseconds]) => {
    const total = BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
    const magnitude = total < 0n ? -total : total;
    const fraction = (magnitude % 1_000_000_000n).toString().padStart(9, "0");
    const text = `${total < 0n ? "-" : ""}${magnitude / 1_000_000_000n}.${fraction}`;
    deepStrictEqual(parsePaxTime(text, "mtime"), { seconds, nanoseconds }, text);
  }));
});

Deno.test("parsePaxTime() refuses what is no time, or one beyond 2^53 seconds", () => {
  for (
    const text of [
      "",
      "-",
      "1,5",
      "--1",
      "\u0661",
      ".",
      ".5",
      "-.5",
      "+1",
      "1e3",
      "1.5x",
      "1.5.5",
      " 1",
      "1 ",
      "1.-5",
    ]
  ) {
    throws(() => parsePaxTime(text, "mtime"), { code: "CORRUPT" }, text);
  }
  throws(() => parsePaxTime("1.1234567890x", "mtime"), { code: "CORRUPT" });
  for (const text of ["9007199254740992", "-9007199254740992.5", "9".repeat(400)]) {
    throws(() => parsePaxTime(text, "mtime"), { code: "LIMIT_EXCEEDED" }, text);
  }
});
