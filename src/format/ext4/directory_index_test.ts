import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { DirectoryHasher } from "./directory_hash.ts";
import {
  firstChild,
  indexedDirectoryBlocks,
  needsLargeDir,
  planDirectoryIndex,
} from "./directory_index.ts";
import { Geometry } from "./geometry.ts";
import { direntSize } from "./dirent.ts";

const small = new Geometry(1024, 256, 64);
const hasher = new DirectoryHasher(new Uint8Array(16));

Deno.test("planDirectoryIndex() puts every name in the leaf of its hash", () => {
  const names = Array.from({ length: 20_000 }, (_, i) => `name-${i}-${"x".repeat(i % 60)}`);
  const { order, leafStarts, leafHashes } = planDirectoryIndex(names, small, hasher, 20);
  strictEqual(new Set(order).size, names.length);
  strictEqual(leafStarts.length, leafHashes.length + 1);
  for (let leaf = 0; leaf < leafHashes.length; leaf++) {
    let size = 0;
    for (let i = leafStarts[leaf]; i < leafStarts[leaf + 1]; i++) {
      const hash = hasher.hash(names[order[i]]);
      strictEqual(hash >= (leafHashes[leaf] & ~1) >>> 0, true);
      if (leaf + 1 < leafHashes.length) strictEqual(hash <= leafHashes[leaf + 1], true);
      size += direntSize(names[order[i]].length);
    }
    strictEqual(size > 500 || leaf === leafHashes.length - 1, true);
    strictEqual(size <= 1012 * 0.8, true);
  }
});

Deno.test("planDirectoryIndex() marks a leaf that goes on with the hash of the one before", () => {
  const same = { hash: () => 0x1234 } as unknown as DirectoryHasher;
  const names = Array.from({ length: 200 }, (_, i) => `name-${i}`);
  const { leafHashes } = planDirectoryIndex(names, small, same, 20);
  deepStrictEqual(leafHashes.slice(0, 3), [0, 0x1235, 0x1235]);
});

Deno.test("planDirectoryIndex() adds levels as the leaves outgrow the root", () => {
  // 255-byte names: three of them fill a leaf of 1024 bytes.
  const name = (i: number) => `${i}`.padStart(255, "n");
  const plan = (leaves: number) => {
    const names = Array.from({ length: leaves * 3 }, (_, i) => name(i));
    return planDirectoryIndex(names, small, hasher, 20);
  };
  deepStrictEqual(plan(123).levelCounts, [123]);
  deepStrictEqual(plan(124).levelCounts, [124, 2]);
  strictEqual(indexedDirectoryBlocks(plan(124)), 127);
  deepStrictEqual(plan(123 * 94).levelCounts, [123 * 94, 123]);
  strictEqual(needsLargeDir(plan(123 * 94)), false);
  const large = plan(123 * 94 + 1);
  deepStrictEqual(large.levelCounts, [123 * 94 + 1, 124, 2]);
  strictEqual(needsLargeDir(large), true);
});

Deno.test("firstChild() spreads children evenly and leaves none out", () => {
  for (const [nodes, children] of [[1, 1], [2, 124], [3, 7], [510, 100_000]]) {
    strictEqual(firstChild(0, nodes, children), 0);
    strictEqual(firstChild(nodes, nodes, children), children);
    for (let i = 0; i < nodes; i++) {
      const count = firstChild(i + 1, nodes, children) - firstChild(i, nodes, children);
      strictEqual(Math.abs(count - children / nodes) < 1, true);
    }
  }
});
