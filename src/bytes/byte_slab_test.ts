import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { ByteSlab } from "./byte_slab.ts";

Deno.test("ByteSlab gives zeros of any size that no other array shares", () => {
  const slab = new ByteSlab();
  const sizes = [0, 1, 64, 65_535, 1, 65_536, 65_537, 3, 0, 60_000, 5_536, 1];
  const arrays = sizes.map((size, i) => slab.take(size).fill(i + 1));
  arrays.forEach((bytes, i) => {
    deepStrictEqual(bytes, new Uint8Array(sizes[i]).fill(i + 1));
    deepStrictEqual(slab.take(100), new Uint8Array(100));
  });
});

Deno.test("ByteSlab puts small arrays into common memory", () => {
  const slab = new ByteSlab();
  strictEqual(new Set(Array.from({ length: 1000 }, () => slab.take(64).buffer)).size, 1);
});
