import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { toolTest } from "../../tests/tools.ts";
import { ImageError } from "../image_error.ts";
import {
  type BlockCompression,
  blockCompressor,
  type BlockDecoder,
  blockDecompressor,
} from "./block_codec.ts";

const CODECS: readonly BlockCompression[] = [
  { codec: "zlib", level: 9 },
  { codec: "deflate", level: 6 },
  { codec: "zstd", level: 3 },
  { codec: "zstd", level: 15 },
  { codec: "lz4" },
];

/** Text that compresses, noise that does not, and runs. */
const blocks = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 3000 }),
    fc.string({ maxLength: 300 }).map((text) => new TextEncoder().encode(text.repeat(9))),
    fc.tuple(fc.nat({ max: 255 }), fc.nat({ max: 70_000 })).map(([byte, size]) =>
      new Uint8Array(size).fill(byte)
    ),
  ),
  { minLength: 1, maxLength: 5 },
).map((parts) => Uint8Array.from(parts.flatMap((part) => [...part])));

for (const compression of CODECS) {
  const { codec, level } = compression;
  const name = `${codec} ${level ?? ""}`.trim();
  const compress = blockCompressor(compression);
  const decompress = blockDecompressor(codec);

  Deno.test(`${name} blocks come back as they were`, () => {
    fc.assert(
      fc.property(blocks, (block) => {
        const room = new Uint8Array(block.length + 1024 + Math.ceil(block.length / 100));
        const size = compress(block, room);
        ok(size > 0);
        const output = new Uint8Array(block.length + 5);
        strictEqual(decompress(room.subarray(0, size), output), block.length);
        ok(block.every((byte, i) => output[i] === byte));
        if (block.length > 0) {
          // Exact room is enough, one byte less is not.
          strictEqual(
            decompress(room.subarray(0, size), new Uint8Array(block.length)),
            block.length,
          );
          throws(
            () => decompress(room.subarray(0, size), new Uint8Array(block.length - 1)),
            ImageError,
          );
        }
        const exact = new Uint8Array(size);
        strictEqual(compress(block, exact), size);
        strictEqual(compress(block, new Uint8Array(size - 1)), 0);
      }),
      { numRuns: 60 },
    );
  });

  Deno.test(`${name} blocks that end early are refused`, () => {
    const block = new TextEncoder().encode("some text that comes again and again, ".repeat(99));
    const room = new Uint8Array(block.length);
    const size = compress(block, room);
    for (let end = 0; end < size; end++) {
      const output = new Uint8Array(block.length);
      try {
        ok(decompress(room.slice(0, end), output) < block.length, `accepted ${end} of ${size}`);
        strictEqual(codec, "lz4", "only lz4 may end between sequences");
      } catch (error) {
        ok(error instanceof ImageError, `${error}`);
      }
    }
  });

  Deno.test(`${name} blocks that are damaged give an ImageError or other bytes`, () => {
    const block = new TextEncoder().encode("some text that comes again and again, ".repeat(99));
    const room = new Uint8Array(block.length);
    const size = compress(block, room);
    fc.assert(
      fc.property(fc.nat({ max: size - 1 }), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const bytes = room.slice(0, size);
        bytes[at] ^= mask;
        try {
          decompress(bytes, new Uint8Array(block.length));
        } catch (error) {
          ok(error instanceof ImageError, `${error}`);
        }
      }),
      { numRuns: 300 },
    );
  });
}

/** What the real tool makes of bytes. */
function xz(block: Uint8Array, ...args: string[]): Uint8Array {
  const { stdout, status, error } = spawnSync("xz", ["-c", ...args], { input: block });
  strictEqual(status, 0, `${error}`);
  return new Uint8Array(stdout);
}

const XZ_FORMS: readonly [decoder: BlockDecoder, args: readonly string[]][] = [
  ["xz", ["--check=crc32"]],
  ["xz", ["-9", "--check=crc64"]],
  ["xz", ["--check=crc32", "--lzma2=lc=1,lp=2,pb=0,dict=8KiB"]],
  ["xz", ["--check=crc32", "--block-size=5000"]],
  ["lzma", ["--format=lzma"]],
];

for (const [decoder, args] of XZ_FORMS) {
  toolTest(`${decoder} blocks of the real tool are read: ${args.join(" ")}`, ["xz"], () => {
    const decompress = blockDecompressor(decoder);
    const property = fc.property(blocks, (block) => {
      const packed = xz(block, ...args);
      const output = new Uint8Array(block.length);
      strictEqual(decompress(packed, output), block.length);
      deepStrictEqual(output, block);
      if (block.length > 0) {
        throws(() => decompress(packed, new Uint8Array(block.length - 1)), ImageError);
      }
      for (const end of block.length > 0 ? [0, 5, 12] : []) {
        throws(() => decompress(packed.subarray(0, end), output), ImageError);
      }
      const damaged = packed.slice();
      damaged[(block.length * 7) % packed.length] ^= 0x10;
      try {
        decompress(damaged, output);
      } catch (error) {
        ok(error instanceof ImageError, `${error}`);
      }
    });
    fc.assert(property, { numRuns: 30 });
  });
}

toolTest("xz with a filter for machine code is refused by name", ["xz"], () => {
  const packed = xz(new Uint8Array(1000), "--check=crc32", "--x86", "--lzma2");
  throws(() => blockDecompressor("xz")(packed, new Uint8Array(1000)), /2 filters.*LZMA2 alone/);
});
