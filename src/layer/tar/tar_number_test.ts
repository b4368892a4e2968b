import { strictEqual, throws } from "node:assert/strict";
import { base256 } from "./tar_fixture.ts";
import { readTarNumber } from "./tar_number.ts";

function read(field: string | Uint8Array): number {
  const bytes = typeof field === "string" ? new TextEncoder().encode(field) : field;
  return readTarNumber(bytes, 0, bytes.length, "size");
}

Deno.test("readTarNumber() reads octal fields as writers pad them", () => {
  const fields: [string, number][] = [
    ["0000644\0", 0o644],
    ["    644 ", 0o644],
    ["644\0\0\0\0\0", 0o644],
    ["644 \0abc", 0o644],
    ["\0\0\0\0", 0],
    ["    ", 0],
    ["77777777777\0", 2 ** 33 - 1],
    ["777777777777", 2 ** 36 - 1],
  ];
  for (const [field, value] of fields) strictEqual(read(field), value, JSON.stringify(field));
});

Deno.test("readTarNumber() reads base-256 to the bounds of exact numbers", () => {
  const values = [0, 1, -1, -2, 2 ** 31, -(2 ** 31) - 1, 2 ** 53 - 1, -(2 ** 53) + 1];
  for (const value of values) strictEqual(read(base256(value, 12)), value);
  for (const value of [-1, -128, 2 ** 32, 2 ** 52]) strictEqual(read(base256(value, 8)), value);
  throws(() => read(base256(2n ** 53n, 12)), { code: "LIMIT_EXCEEDED" });
  throws(() => read(base256(-(2n ** 54n), 12)), { code: "LIMIT_EXCEEDED" });
  throws(() => read(base256(2n ** 90n, 12)), { code: "LIMIT_EXCEEDED" });
});

Deno.test("readTarNumber() refuses other characters", () => {
  for (const field of ["8", "-1", "0x12", "12a", "1\u007f"]) {
    throws(() => read(field), { code: "CORRUPT" });
  }
});
