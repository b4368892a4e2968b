import { strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { NumberSet } from "./number_set.ts";

Deno.test("NumberSet.add() answers as a Set of numbers would", () => {
  const number = fc.oneof(fc.nat({ max: 70_000 }), fc.nat({ max: 2 ** 31 - 1 }));
  fc.assert(fc.property(fc.array(number), (numbers) => {
    const set = new NumberSet();
    const model = new Set<number>();
    for (const value of [...numbers, 2 ** 32 - 1, 0, ...numbers]) {
      strictEqual(set.add(value), !model.has(value));
      model.add(value);
    }
    set.clear();
    for (const value of model) strictEqual(set.add(value), true);
  }));
});
