import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { NameTable } from "./name_table.ts";

Deno.test("NameTable is a set, also of names that begin alike and of such as are no digests", () => {
  const digits = fc.stringMatching(/^[0-9a-f]{0,9}$/);
  const name = fc.oneof(
    digits,
    digits.map((end) => `abcdef0${end}`),
    fc.string({ unit: "binary", maxLength: 9 }),
  );
  fc.assert(fc.property(fc.array(name), fc.array(name), fc.array(name), (first, then, others) => {
    const table = new NameTable(first);
    for (const one of then) table.add(one);
    const expected = new Set([...first, ...then]);
    strictEqual(table.size, expected.size);
    const asked = [...first, ...then, ...others];
    deepStrictEqual(asked.map((one) => table.has(one)), asked.map((one) => expected.has(one)));
  }));
});
