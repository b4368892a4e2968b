import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { VERITY_ALGORITHMS, VerityTree, type VerityTreeShape } from "./verity_tree.ts";

/** The tree made level by level, with all of it in memory. */
function naiveTree(data: Uint8Array, shape: VerityTreeShape): { root: string; tree: Uint8Array } {
  const { algorithm, salt, dataBlockSize, hashBlockSize } = shape;
  const digest = (block: Uint8Array) => createHash(algorithm).update(salt).update(block).digest();
  const slot = { sha1: 32, sha256: 32, sha384: 64, sha512: 64 }[algorithm]!;
  const levels: Uint8Array[] = [];
  let blocks = blocksOf(data, dataBlockSize);
  while (blocks.length > 1) {
    const perBlock = hashBlockSize / slot;
    const level = new Uint8Array(Math.ceil(blocks.length / perBlock) * hashBlockSize);
    blocks.forEach((block, i) => level.set(digest(block), i * slot));
    levels.unshift(level);
    blocks = blocksOf(level, hashBlockSize);
  }
  const tree = new Uint8Array(levels.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const level of levels) {
    tree.set(level, at);
    at += level.length;
  }
  return { root: digest(blocks[0]).toHex(), tree };
}

function blocksOf(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from(
    { length: bytes.length / size },
    (_, i) => bytes.subarray(i * size, (i + 1) * size),
  );
}

Deno.test("VerityTree equals a tree made level by level, with zeros skipped or written", () => {
  const run = fc.record({
    zeros: fc.boolean(),
    skipped: fc.boolean(),
    count: fc.integer({ min: 1, max: 300 }),
  });
  fc.assert(
    fc.property(
      fc.array(run, { minLength: 1, maxLength: 6 }),
      fc.constantFrom(...VERITY_ALGORITHMS.keys()),
      fc.constantFrom(512, 1024),
      fc.constantFrom(512, 1024),
      fc.uint8Array({ maxLength: 40 }),
      (runs, algorithm, dataBlockSize, hashBlockSize, salt) => {
        const dataBlocks = runs.reduce((sum, { count }) => sum + count, 0);
        const shape = { algorithm, salt, dataBlockSize, hashBlockSize, dataBlocks };
        const data = new Uint8Array(dataBlocks * dataBlockSize);
        const expectedSize = naiveTree(data, shape).tree.length;
        const made = new Uint8Array(expectedSize).fill(0xa5);
        let putBytes = 0;
        const tree = new VerityTree(shape, (bytes, position) => {
          made.set(bytes, position);
          putBytes += bytes.length;
        });
        let at = 0;
        for (const { zeros, skipped, count } of runs) {
          const piece = data.subarray(at, at + count * dataBlockSize);
          if (!zeros) piece.forEach((_, i) => piece[i] = (at + i) * 7 % 251);
          if (zeros && skipped) tree.skip(count);
          else tree.write(piece);
          at += piece.length;
        }
        const root = tree.end().toHex();
        const expected = naiveTree(data, shape);
        strictEqual(root, expected.root);
        deepStrictEqual(made, expected.tree);
        strictEqual(putBytes, expectedSize, "each byte once");
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("VerityTree of terabytes of zeros takes no hashing of each block", () => {
  const shape = {
    algorithm: "sha256",
    salt: new Uint8Array(32),
    dataBlockSize: 4096,
    hashBlockSize: 4096,
    dataBlocks: 2 ** 28,
  };
  let bytes = 0;
  const tree = new VerityTree(shape, (piece) => bytes += piece.length);
  tree.skip(shape.dataBlocks);
  tree.end();
  // 2^28 blocks make 2^21, 2^14, 2^7 and 1 hash blocks.
  strictEqual(bytes, (2 ** 21 + 2 ** 14 + 2 ** 7 + 1) * 4096);
});
