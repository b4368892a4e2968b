import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { type BlockCompression, blockDecompressor } from "./block_codec.ts";
import { CompressPool } from "./compress_pool.ts";

const BLOCK_SIZE = 16_384;

/** Blocks of many sizes, of which every seventh does not compress. */
function someBlocks(count: number): Uint8Array[] {
  let state = 1;
  return Array.from({ length: count }, (_, n) => {
    const block = new Uint8Array(n % 5 === 0 ? BLOCK_SIZE : 1 + (n * 977) % BLOCK_SIZE);
    for (let i = 0; i < block.length; i++) {
      state = Math.imul(state, 1103515245) + 12345 | 0;
      block[i] = n % 7 === 0 ? state >>> 16 : (i * n) >> 6;
    }
    return block;
  });
}

function compressAll(
  blocks: readonly Uint8Array[],
  compression: BlockCompression | null,
  workers: number,
): (Uint8Array | null)[] {
  const pool = new CompressPool({ compression, blockSize: BLOCK_SIZE, workers });
  const results: (Uint8Array | null)[] = [];
  try {
    const reused = new Uint8Array(BLOCK_SIZE);
    blocks.forEach((block, n) => {
      reused.fill(0xee);
      reused.set(block);
      pool.submit(reused.subarray(0, block.length), (compressed, original) => {
        strictEqual(results.length, n, "out of order");
        deepStrictEqual(Uint8Array.from(original), block);
        ok(compressed === null || compressed.length < block.length);
        results.push(compressed === null ? null : Uint8Array.from(compressed));
      });
    });
    pool.drain();
  } finally {
    pool.close();
  }
  strictEqual(results.length, blocks.length);
  return results;
}

for (const codec of ["zlib", "zstd", "lz4"] as const) {
  Deno.test(`CompressPool makes the same of ${codec} blocks for any number of workers`, () => {
    const blocks = someBlocks(700);
    const reference = compressAll(blocks, { codec, level: 3 }, 0);
    ok(reference.some((it) => it === null) && reference.some((it) => it !== null));
    const decompress = blockDecompressor(codec);
    reference.forEach((compressed, n) => {
      if (compressed === null) return;
      const output = new Uint8Array(blocks[n].length);
      strictEqual(decompress(compressed, output), output.length);
      deepStrictEqual(output, blocks[n]);
    });
    for (const workers of [1, 3]) {
      deepStrictEqual(compressAll(blocks, { codec, level: 3 }, workers), reference);
    }
  });
}

Deno.test("CompressPool without a compression gives every block back", () => {
  ok(compressAll(someBlocks(30), null, 2).every((it) => it === null));
});

Deno.test("CompressPool refuses blocks that are empty or too large", () => {
  const pool = new CompressPool({ compression: null, blockSize: 10, workers: 0 });
  throws(() => pool.submit(new Uint8Array(0), () => {}), RangeError);
  throws(() => pool.submit(new Uint8Array(11), () => {}), RangeError);
  pool.close();
});

Deno.test("CompressPool ends its workers when it is closed in the middle of work", () => {
  const pool = new CompressPool({
    compression: { codec: "zstd", level: 19 },
    blockSize: BLOCK_SIZE,
    workers: 2,
  });
  for (const block of someBlocks(50)) pool.submit(block, () => {});
  pool.close();
  // Open workers keep the program alive: the test run itself would not end.
});

Deno.test("CompressPool throws when a block cannot be compressed", () => {
  const pool = new CompressPool({
    // No such level: the runtime refuses it, in whichever thread it is asked.
    compression: { codec: "zlib", level: 99 },
    blockSize: BLOCK_SIZE,
    workers: 1,
  });
  try {
    throws(() => {
      for (const block of someBlocks(2000)) pool.submit(block, () => {});
      pool.drain();
    });
  } finally {
    pool.close();
  }
});
