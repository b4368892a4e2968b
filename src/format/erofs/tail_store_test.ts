import { ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { TailStore } from "./tail_store.ts";

const PATTERN = new Uint8Array(70_000).map((_, i) => i * 31 + (i >> 8));

/** Bytes that nearly no other tail has. */
function tailOf(index: number): Uint8Array {
  const start = index * 7 % 5000;
  return PATTERN.subarray(start, start + 1 + index * 7919 % 65_000);
}

Deno.test("TailStore gives tails back in any order", () => {
  for (const count of [1, 4, 400]) {
    const store = new TailStore();
    try {
      const positions = Array.from({ length: count }, (_, i) => store.add(tailOf(i)));
      // Nearly in order, with some far ahead in between and some that were passed long ago.
      for (let i = 0; i < count; i++) {
        for (const index of [i, i * 37 % count, count - 1 - i]) {
          const wanted = tailOf(index);
          const into = new Uint8Array(wanted.length + 2);
          store.read(into, 1, wanted.length, positions[index]);
          ok(Buffer.from(wanted).equals(into.subarray(1, -1)), `tail ${index}`);
          ok(into[0] === 0 && into.at(-1) === 0);
        }
      }
    } finally {
      store.close();
    }
  }
});

Deno.test("TailStore gives back what fills its pages to the byte", () => {
  const store = new TailStore();
  try {
    const bytes = new Uint8Array(64 * 1024).fill(7);
    for (let i = 1; i <= 6; i++) {
      store.add(bytes);
      strictEqual(store.size, i * bytes.length);
    }
    const into = new Uint8Array(6 * bytes.length);
    store.read(into, 0, into.length, 0);
    ok(into.every((byte) => byte === 7));
  } finally {
    store.close();
  }
});
