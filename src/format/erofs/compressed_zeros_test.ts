import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { blockDecompressor, decompressExactly } from "../../compress/block_codec.ts";
import { CompressedZeros } from "./compressed_zeros.ts";
import type { ErofsCompression } from "./options.ts";

for (const codec of ["lz4", "deflate", "zstd"] as const) {
  for (const [blockSize, clusterSize] of [[512, 1024], [4096, 65_536], [65_536, 1_048_576]]) {
    Deno.test(`${codec} zeros in blocks of ${blockSize} are read back`, () => {
      const compression: ErofsCompression = { codec, level: undefined, clusterSize };
      const zeros = new CompressedZeros(compression, blockSize);
      const { blocksMax } = zeros;
      strictEqual(blocksMax % 2, 0);
      ok(blocksMax * blockSize <= 4 * 1024 * 1024);
      for (const blockCount of [2, blocksMax / 2 + 1, blocksMax]) {
        const bytes = zeros.of(blockCount);
        ok(bytes.length <= blockSize && bytes[0] !== 0);
        const output = new Uint8Array(blockCount * blockSize).fill(1);
        decompressExactly(blockDecompressor(codec), bytes, output);
        ok(output.every((byte) => byte === 0));
        strictEqual(zeros.of(blockCount), bytes);
      }
      for (let count = 2; count <= blocksMax; count += 2 + 2 * (blocksMax >> 9)) zeros.of(count);
      if (codec === "zstd") ok(windowSize(zeros.of(blocksMax)) <= clusterSize);
    });
  }
}

Deno.test("the most zeros that fit are found", () => {
  const most = (codec: ErofsCompression["codec"], clusterSize: number) =>
    new CompressedZeros({ codec, level: undefined, clusterSize }, 4096).blocksMax;
  deepStrictEqual([most("lz4", 65_536), most("lz4", 1_048_576)], [252, 252]);
  deepStrictEqual([most("deflate", 65_536), most("zstd", 65_536)], [1024, 1024]);
});

/** Bytes that a decoder of a frame must keep: RFC 8878, section 3.1.1.1.2. */
function windowSize(frame: Uint8Array): number {
  strictEqual(frame[4] & 0x20, 0, "a single segment has no window");
  const base = 2 ** (10 + (frame[5] >> 3));
  return base + base / 8 * (frame[5] & 7);
}
