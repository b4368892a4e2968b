import { strictEqual } from "node:assert/strict";
import { clearBits, setBits, testBit } from "./bitmap.ts";

Deno.test("setBits() and clearBits() change exactly their range", () => {
  for (let start = 0; start <= 26; start++) {
    for (let end = start; end <= 26; end++) {
      const set = new Uint8Array(6);
      const cleared = new Uint8Array(6).fill(0xff);
      setBits(set, 1, start, end);
      clearBits(cleared, 1, start, end);
      for (let bit = -8; bit < 40; bit++) {
        const inside = bit >= start && bit < end;
        strictEqual(testBit(set, 0, bit + 8), inside, `set ${start}-${end}: ${bit}`);
        strictEqual(testBit(cleared, 0, bit + 8), !inside, `cleared ${start}-${end}: ${bit}`);
      }
    }
  }
});
