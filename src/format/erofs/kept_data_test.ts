import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { KeptData } from "./kept_data.ts";

const SIZE = 100 * 1024 * 1024;
const ROOM = SIZE / 512;

Deno.test("keep() copies what it keeps", () => {
  const kept = new KeptData(SIZE);
  const bytes = Uint8Array.of(1, 2, 3);
  strictEqual(kept.keep(1_000_000, bytes), true);
  bytes.fill(0);
  deepStrictEqual(kept.pieces, [{ position: 1_000_000, bytes: Uint8Array.of(1, 2, 3) }]);
});

Deno.test("keep() takes a 512th of the file and no more", () => {
  const kept = new KeptData(SIZE);
  strictEqual(kept.keep(1_000_000, new Uint8Array(ROOM)), true);
  strictEqual(kept.keep(2_000_000, new Uint8Array(1)), false);
  strictEqual(kept.pieces.length, 1);
});

Deno.test("keep() counts zeros that make no hole", () => {
  for (const [gap, isKept] of [[65_536, true], [65_535, false]] as const) {
    const kept = new KeptData(SIZE);
    strictEqual(kept.keep(1_000_000, new Uint8Array(1)), true);
    strictEqual(kept.keep(1_000_001 + gap, new Uint8Array(ROOM - 1)), isKept);
  }
});
