import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { WrittenRanges } from "./written_ranges.ts";

Deno.test("WrittenRanges melts what touches or overlaps and lists the gaps", () => {
  const ranges = new WrittenRanges();
  ranges.add(10, 20);
  ranges.add(30, 40);
  ranges.add(20, 30);
  strictEqual(ranges.count, 1);
  ranges.add(5, 5);
  deepStrictEqual([...ranges.gaps(50)], [{ start: 0, end: 10 }, { start: 40, end: 50 }]);
  deepStrictEqual([...ranges.gaps(10)], [{ start: 0, end: 10 }]);
  deepStrictEqual([...ranges.gaps(15)], [{ start: 0, end: 10 }]);
});

Deno.test("WrittenRanges answers the written parts of a range, and forgets what is cut off", () => {
  const ranges = new WrittenRanges();
  ranges.add(10, 20);
  ranges.add(30, 40);
  deepStrictEqual([...ranges.within(0, 50)], [{ start: 10, end: 20 }, { start: 30, end: 40 }]);
  deepStrictEqual([...ranges.within(15, 35)], [{ start: 15, end: 20 }, { start: 30, end: 35 }]);
  deepStrictEqual([...ranges.within(20, 30)], []);
  ranges.cut(35);
  deepStrictEqual([...ranges.within(0, 50)], [{ start: 10, end: 20 }, { start: 30, end: 35 }]);
  ranges.cut(10);
  strictEqual(ranges.count, 0);
});

Deno.test("WrittenRanges equals a bit for each byte, whatever the order of writes", () => {
  const size = 64;
  const range = fc.tuple(fc.nat(size), fc.nat(size)).map((
    [a, b],
  ) => [Math.min(a, b), Math.max(a, b)]);
  fc.assert(fc.property(fc.array(range, { maxLength: 30 }), (writes) => {
    const ranges = new WrittenRanges();
    const written = new Uint8Array(size);
    for (const [start, end] of writes) {
      ranges.add(start, end);
      written.fill(1, start, end);
    }
    const seen = new Uint8Array(size).fill(1);
    let previousEnd = -1;
    for (const { start, end } of ranges.gaps(size)) {
      strictEqual(start > previousEnd && end > start, true);
      seen.fill(0, start, end);
      previousEnd = end;
    }
    deepStrictEqual(seen, written);
    strictEqual(ranges.end, written.lastIndexOf(1) + 1);
    const half = new Uint8Array(size);
    for (const { start, end } of ranges.within(9, 50)) half.fill(1, start, end);
    deepStrictEqual(half.subarray(9, 50), written.subarray(9, 50));
    deepStrictEqual([half.indexOf(1) < 0 || half.indexOf(1) >= 9, half[50]], [true, 0]);
  }));
});
