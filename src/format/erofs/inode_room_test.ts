import { ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { InodeRoom } from "./inode_room.ts";

Deno.test("take() gives places that do not overlap, and tails that stand in one block", () => {
  const request = fc.record({
    head: fc.oneof(fc.constantFrom(32, 64), fc.nat({ max: 3000 }).map((n) => 32 + n * 4)),
    tail: fc.nat({ max: 1024 - 32 }),
  });
  fc.assert(
    fc.property(fc.array(request, { maxLength: 120 }), (requests) => {
      const room = new InodeRoom(1024, 32);
      const taken: [number, number][] = [[0, 32]];
      for (const { head, tail } of requests) {
        const start = room.take(head, tail);
        strictEqual(start % 32, 0);
        ok((start + head) % 1024 + tail <= 1024);
        // An inode that could stand in one block does.
        ok(head + tail > 1024 || start % 1024 + head + tail <= 1024);
        taken.push([start, start + head + tail]);
      }
      taken.sort(([a], [b]) => a - b);
      for (let i = 1; i < taken.length; i++) ok(taken[i - 1][1] <= taken[i][0]);
      ok(room.size >= taken.at(-1)![1] && room.size % 1024 === 0);
    }),
  );
});

Deno.test("take() fills the rests of blocks", () => {
  const room = new InodeRoom(1024, 32);
  strictEqual(room.take(32, 900), 32);
  strictEqual(room.take(32, 900), 1024);
  strictEqual(room.take(32, 0), 992);
  strictEqual(room.take(64, 0), 1984);
});
