import { strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { ClaimedBlocks } from "./claimed_blocks.ts";

Deno.test("ClaimedBlocks.findOverlap() finds one exactly where a set of blocks does", () => {
  const range = fc.tuple(fc.nat({ max: 400 }), fc.integer({ min: 1, max: 6 }));
  let overlapCount = 0;
  fc.assert(
    fc.property(fc.array(range, { maxLength: 80 }), (ranges) => {
      const claims = new ClaimedBlocks();
      const blocks = new Set<number>();
      const twice = new Set<number>();
      let blockCount = 0;
      for (const [start, count] of ranges) {
        claims.add(start, count);
        blockCount += count;
        for (let block = start; block < start + count; block++) {
          if (blocks.has(block)) twice.add(block);
          blocks.add(block);
        }
      }
      strictEqual(claims.blockCount, blockCount);
      const found = claims.findOverlap();
      if (twice.size > 0) overlapCount++;
      strictEqual(found === null, twice.size === 0);
      if (found !== null) strictEqual(twice.has(found), true);
    }),
    { numRuns: 500 },
  );
  strictEqual(overlapCount > 20 && overlapCount < 480, true, `${overlapCount} with overlaps`);
});
