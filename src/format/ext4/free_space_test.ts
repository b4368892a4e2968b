import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { FreeSpace } from "./free_space.ts";

Deno.test("FreeSpace merges ranges that touch and refuses those that overlap", () => {
  const space = new FreeSpace([{ start: 20, end: 30 }, { start: 5, end: 5 }, {
    start: 10,
    end: 20,
  }]);
  deepStrictEqual([...space.ranges()], [{ start: 10, end: 30 }]);
  throws(() => new FreeSpace([{ start: 1, end: 3 }, { start: 2, end: 4 }]), RangeError);
});

Deno.test("FreeSpace.take() gives the first run that is long enough", () => {
  const space = new FreeSpace([{ start: 1, end: 3 }, { start: 10, end: 20 }]);
  deepStrictEqual([space.take(3), space.take(1), space.take(2), space.take(6)], [10, 1, 13, -1]);
  deepStrictEqual([space.take(1), space.take(5), space.take(1)], [2, 15, -1]);
  strictEqual(space.freeCount, 0);
});

Deno.test("FreeSpace.takeFrom() splits a range and take() still finds both sides", () => {
  const space = new FreeSpace([{ start: 0, end: 100 }]);
  strictEqual(space.take(1), 0);
  strictEqual(space.takeFrom(50, 10), 50);
  strictEqual(space.takeFrom(45, 10), 60);
  deepStrictEqual([...space.ranges()], [{ start: 1, end: 50 }, { start: 70, end: 100 }]);
  deepStrictEqual([space.take(49), space.take(30), space.takeFrom(0, 1)], [1, 70, -1]);
});

Deno.test("FreeSpace gives no block twice and loses none", () => {
  const request = fc.record({
    kind: fc.constantFrom("take", "from", "piece"),
    count: fc.integer({ min: 1, max: 40 }),
    from: fc.integer({ min: 0, max: 400 }),
  });
  fc.assert(fc.property(fc.array(request, { maxLength: 60 }), (requests) => {
    const space = new FreeSpace([0, 100, 200, 300].map((start) => ({ start, end: start + 70 })));
    const used = new Set<number>();
    for (const { kind, count, from } of requests) {
      const before = space.freeCount;
      const piece = kind === "piece" ? space.takePiece(count) : null;
      const start = kind === "take"
        ? space.take(count)
        : kind === "from"
        ? space.takeFrom(from, count)
        : piece === null
        ? -1
        : piece.start;
      if (start < 0) continue;
      if (kind === "from") strictEqual(start >= from, true);
      const taken = piece === null ? count : piece.end - piece.start;
      strictEqual(space.freeCount, before - taken);
      for (let block = start; block < start + taken; block++) {
        strictEqual(used.has(block) || block % 100 >= 70, false);
        used.add(block);
      }
    }
    let left = 0;
    for (const { start, end } of space.ranges()) {
      for (let block = start; block < end; block++, left++) strictEqual(used.has(block), false);
    }
    strictEqual(left, space.freeCount);
    strictEqual(left + used.size, 280);
  }));
});
