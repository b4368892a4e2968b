import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { BlockClaims } from "./block_claims.ts";

Deno.test("BlockClaims answers runs with the number of their owners", () => {
  const claims = new BlockClaims(true);
  claims.add(10, 5);
  claims.add(2 ** 40, 1);
  claims.add(12, 1);
  claims.add(15, 2);
  strictEqual(claims.blockCount, 9);
  deepStrictEqual([...claims.runs()], [
    { start: 10, end: 12, ownerCount: 1 },
    { start: 12, end: 13, ownerCount: 2 },
    { start: 13, end: 15, ownerCount: 1 },
    { start: 15, end: 17, ownerCount: 1 },
    { start: 2 ** 40, end: 2 ** 40 + 1, ownerCount: 1 },
  ]);
});

Deno.test("BlockClaims equals a count for each block", () => {
  const range = fc.tuple(fc.nat(60), fc.nat(9));
  fc.assert(fc.property(fc.array(range, { maxLength: 150 }), (ranges) => {
    const claims = new BlockClaims(true);
    const expected = new Array<number>(70).fill(0);
    for (const [start, count] of ranges) {
      claims.add(start, count);
      for (let block = start; block < start + count; block++) expected[block]++;
    }
    const found = new Array<number>(70).fill(0);
    for (const { start, end, ownerCount } of claims.runs()) found.fill(ownerCount, start, end);
    deepStrictEqual(found, expected);
  }));
});

Deno.test("BlockClaims notes a node once", () => {
  const claims = new BlockClaims(false);
  deepStrictEqual([claims.addNode(7), claims.addNode(8), claims.addNode(7)], [true, true, false]);
  claims.add(1, 3);
  deepStrictEqual([claims.blockCount, [...claims.runs()]], [3, []]);
});

Deno.test("BlockClaims counts the clusters of one owner once, those of others again", () => {
  const claims = new BlockClaims(true, 16);
  claims.add(16, 4);
  claims.add(24, 16);
  strictEqual(claims.endOwner(), 2);
  claims.add(40, 1);
  strictEqual(claims.endOwner(), 1);
  deepStrictEqual([...claims.runs()], [
    { start: 1, end: 2, ownerCount: 1 },
    { start: 2, end: 3, ownerCount: 2 },
  ]);
});
