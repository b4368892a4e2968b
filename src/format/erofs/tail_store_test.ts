import { deepStrictEqual } from "node:assert/strict";
import { TailStore } from "./tail_store.ts";

/** Bytes that belong to one tail alone. */
function tailOf(index: number): Uint8Array {
  const bytes = new Uint8Array(1 + index * 7919 % 65_000);
  for (let i = 0; i < bytes.length; i++) bytes[i] = i * 31 + index;
  return bytes;
}

Deno.test("TailStore gives tails back in any order", () => {
  const store = new TailStore();
  try {
    const count = 100;
    const positions = Array.from({ length: count }, (_, i) => store.add(tailOf(i)));
    // Nearly in order, with some far ahead in between and some that were passed long ago.
    for (let i = 0; i < count; i++) {
      for (const index of [i, i * 37 % count, count - 1 - i]) {
        const wanted = tailOf(index);
        const into = new Uint8Array(wanted.length);
        store.read(into, positions[index]);
        deepStrictEqual(into, wanted, `tail ${index}`);
      }
    }
  } finally {
    store.close();
  }
});
