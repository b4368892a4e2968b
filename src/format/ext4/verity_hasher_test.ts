import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { verityBlockCount } from "./verity_metadata.ts";
import { VerityHasher } from "./verity_hasher.ts";

const BLOCK = 4096;

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}

/** Tree and descriptor of a file in memory, by the definition: level upon level. */
function naiveMetadata(file: Uint8Array): Uint8Array {
  const levels: Uint8Array[] = [];
  let below = file;
  do {
    const blocks = Math.ceil(below.length / BLOCK);
    const level = new Uint8Array(Math.ceil(blocks * 32 / BLOCK) * BLOCK);
    for (let i = 0; i < blocks; i++) {
      const block = new Uint8Array(BLOCK);
      block.set(below.subarray(i * BLOCK, (i + 1) * BLOCK));
      level.set(sha256(block), i * 32);
    }
    levels.unshift(level);
    below = level;
    if (blocks === 1) break;
  } while (below.length > 0);
  // The block with nothing but the root is no block of the tree.
  const root = levels.shift()!.subarray(0, 32);
  const end = new Uint8Array(BLOCK);
  end.set([1, 1, 12]);
  const view = new DataView(end.buffer);
  view.setUint32(8, file.length, true);
  end.set(root, 16);
  view.setUint32(BLOCK - 4, 256, true);
  return Buffer.concat([...levels, end]);
}

/** Collects what a hasher puts; every block once. */
function collect(sizeBytes: number, feed: (hasher: VerityHasher) => void): Uint8Array {
  const metadata = new Uint8Array(verityBlockCount(sizeBytes) * BLOCK);
  const times = new Uint8Array(verityBlockCount(sizeBytes));
  const hasher = new VerityHasher(sizeBytes, (index, count, block) => {
    for (let i = index; i < index + count; i++) {
      times[i]++;
      metadata.set(block, i * BLOCK);
    }
  });
  feed(hasher);
  hasher.end();
  deepStrictEqual([...new Set(times)], [1]);
  return metadata;
}

Deno.test("VerityHasher makes the tree of the definition from any pieces and holes", () => {
  const piece = fc.record({
    isHole: fc.boolean(),
    size: fc.oneof(
      fc.integer({ min: 1, max: 9000 }),
      fc.constantFrom(BLOCK, 127 * BLOCK, 128 * BLOCK, 129 * BLOCK - 1, 300 * BLOCK),
    ),
  });
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 8 }), (pieces) => {
      const size = pieces.reduce((sum, { size }) => sum + size, 0);
      const file = new Uint8Array(size);
      const found = collect(size, (hasher) => {
        let at = 0;
        for (const { isHole, size } of pieces) {
          if (isHole) {
            hasher.skip(size);
          } else {
            for (let i = at; i < at + size; i++) file[i] = i * 7 + (i >>> 8) + 1;
            hasher.write(file.subarray(at, at + size));
          }
          at += size;
        }
      });
      strictEqual(found.toHex(), naiveMetadata(file).toHex());
    }),
    { numRuns: 40 },
  );
});

Deno.test("VerityHasher hashes a hole of many levels as it hashes zeros", () => {
  const size = 64 * 2 ** 20 + 5 * BLOCK + 3;
  const zeros = new Uint8Array(size);
  const written = collect(size, (hasher) => hasher.write(zeros));
  const skipped = collect(size, (hasher) => hasher.skip(size));
  deepStrictEqual(sha256(skipped), sha256(written));
});

Deno.test("VerityHasher gives the digests that fsverity-utils gives", () => {
  // The digest of a file is that of its descriptor.
  const digest = (size: number) => {
    const file = Uint8Array.from({ length: size }, (_, i) => i % 251);
    const metadata = collect(size, (hasher) => hasher.write(file));
    const at = metadata.length - BLOCK;
    return sha256(metadata.subarray(at, at + 256)).toHex();
  };
  deepStrictEqual([0, 1, BLOCK, BLOCK + 1, 129 * BLOCK].map(digest), [
    "3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95",
    "b803429503d95915829b29fdbc8bbad142f3abfd11b1cadf5526582e685c0551",
    "13e9b8848ae484a36acb3f3cac0ceb2f7601e96633d15c92f9bd3dd44e492157",
    "b0d074abef4d544404facfab6ba242f6a8ccbde90f1325cd286f3c8aa8d0f8aa",
    "dd56ffe5de24c1229fe22d25f91db9e735f6adc921510dcf480094624458c92a",
  ]);
});
