import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { blocksOf, ChunkedContent, type ErofsContent, FlatContent } from "./content.ts";
import { DataBlocks } from "./data_blocks.ts";
import { DataPlacer } from "./data_placer.ts";
import { TailStore } from "./tail_store.ts";

const BLOCK = 1024;
const MIB = 1024 * 1024;

/** A sink in memory that refuses to be written twice at one place. */
class OnceSink {
  readonly bytes = new Uint8Array(16 * MIB);
  readonly #written = new Uint8Array(16 * MIB);
  write(bytes: Uint8Array, position: number): void {
    for (let i = 0; i < bytes.length; i++) {
      strictEqual(this.#written[position + i]++, 0, `byte ${position + i} is written once`);
    }
    this.bytes.set(bytes, position);
  }
  truncate(): void {}
}

/** A placer of two files at a time, and what it needs. */
function placerOf(sink = { write: () => {}, truncate: () => {} } as { write(): void } | OnceSink) {
  const blocks = new DataBlocks(sink as OnceSink, BLOCK, 2);
  const tails = new TailStore();
  return { blocks, tails, placer: new DataPlacer(blocks, tails, 2) };
}

/** The bytes of a file, as the kernel would find them. */
function readBack(sink: OnceSink, tails: TailStore, content: ErofsContent, size: number) {
  const bytes = new Uint8Array(Math.ceil(size / BLOCK) * BLOCK);
  for (const { logicalBlock, startBlock, blockCount } of blocksOf(content)) {
    const at = startBlock * BLOCK;
    bytes.set(sink.bytes.subarray(at, at + blockCount * BLOCK), logicalBlock * BLOCK);
  }
  if (content instanceof FlatContent && content.tail >= 0) {
    const at = content.blockCount * BLOCK;
    tails.read(bytes, at, size - at, content.tail);
  }
  return bytes.slice(0, size);
}

Deno.test("DataPlacer keeps two files apart whose pieces come by turns", () => {
  const piece = fc.record({
    which: fc.integer({ min: 0, max: 1 }),
    kind: fc.constantFrom("write", "write", "zeros", "skip"),
    size: fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.constantFrom(BLOCK, 70_000, 300_001)),
  });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const sink = new OnceSink();
      const { blocks, tails, placer } = placerOf(sink);
      const files = [0, 1].map((index) => {
        const size = pieces.reduce((sum, { which, size }) => sum + (which === index ? size : 0), 0);
        return { expected: new Uint8Array(size), at: 0, writer: placer.begin(size) };
      });
      throws(() => placer.begin(1), TypeError);
      pieces.forEach(({ which, kind, size }, i) => {
        const file = files[which];
        const bytes = file.expected.subarray(file.at, file.at + size);
        if (kind === "write") bytes.fill(i + 1);
        if (kind === "skip") file.writer.skip(size);
        else file.writer.write(bytes);
        file.at += size;
      });
      const contents = files.map(({ writer }) => writer.end());
      blocks.flush();
      files.forEach(({ expected }, i) => {
        const found = readBack(sink, tails, contents[i], expected.length);
        ok(Buffer.from(found).equals(expected), `file ${i}`);
      });
      tails.close();
    }),
    { numRuns: 100 },
  );
});

Deno.test("DataPlacer keeps the places behind an interrupted file for the rest of it", () => {
  const { placer } = placerOf();
  const first = placer.begin(1000 * BLOCK + 10);
  const second = placer.begin(3 * BLOCK);
  const block = new Uint8Array(BLOCK).fill(1);
  first.write(block);
  // The file takes the next block only where it has one: a part of one interrupts nobody.
  second.write(block.subarray(1));
  first.write(block);
  second.write(block.subarray(BLOCK - 1));
  second.write(block);
  for (let i = 2; i < 1000; i++) first.write(block);
  first.write(block.subarray(0, 10));
  second.write(block);
  deepStrictEqual(first.end(), new FlatContent(2, 1000, 0));
  deepStrictEqual(second.end(), new FlatContent(1002, 3, -1));
  placer.finish();
});

Deno.test("DataPlacer keeps no places for what may be nearly all hole", () => {
  const { blocks, placer } = placerOf();
  const block = new Uint8Array(BLOCK).fill(1);
  const dense = placer.begin(2 ** 40);
  dense.write(block);
  const other = placer.begin(BLOCK);
  other.write(block);
  strictEqual(blocks.nextBlock, 2 + 256 * MIB / BLOCK + 1);
  dense.skip(2 ** 40 - 2 * BLOCK);
  dense.write(block);
  // One run ends with the places that were kept: of them no map is made.
  const content = dense.end();
  ok(content instanceof ChunkedContent);
  strictEqual(content.runs.length, 2);
  ok(content.runs.every(({ blockCount }) => blockCount <= 2 ** 12));
  other.end();
  // A file with a hole gives place at the end of a chunk, so that it never has more than 2^18.
  const sparse = placer.begin(2 ** 40);
  sparse.skip(8 * MIB);
  sparse.write(block);
  const before = blocks.nextBlock;
  const third = placer.begin(BLOCK);
  third.write(block);
  third.end();
  strictEqual(blocks.nextBlock - before, 2 ** 12);
  sparse.write(new Uint8Array(8 * MIB).fill(1));
  sparse.skip(2 ** 40 - 16 * MIB - BLOCK);
  const chunked = sparse.end();
  ok(chunked instanceof ChunkedContent);
  strictEqual(chunked.chunkBits, 12);
  strictEqual(chunked.runs.length, 2);
});

Deno.test("DataPlacer cuts a large file that is interrupted at large chunks alone", () => {
  const { placer } = placerOf();
  const size = 600 * MIB + 5;
  const large = placer.begin(size);
  const piece = new Uint8Array(MIB).fill(1);
  for (let i = 0; i < 600; i++) {
    large.write(piece);
    const small = placer.begin(BLOCK);
    small.write(piece.subarray(0, BLOCK));
    small.end();
  }
  large.write(piece.subarray(0, 5));
  const content = large.end();
  ok(content instanceof ChunkedContent);
  strictEqual(2 ** content.chunkBits * BLOCK, 256 * MIB);
  deepStrictEqual(
    content.runs.map(({ logicalBlock, blockCount }) => [logicalBlock, blockCount]),
    [[0, 256 * 1024], [256 * 1024, 256 * 1024], [512 * 1024, 88 * 1024 + 1]],
  );
});

Deno.test("DataPlacer keeps the place of the end too where blocks alone are no chunks", () => {
  const { placer } = placerOf();
  const large = placer.begin(1400 * MIB + BLOCK + 5);
  const piece = new Uint8Array(MIB).fill(1);
  for (let i = 0; i < 1300; i++) large.write(piece);
  const small = placer.begin(BLOCK);
  small.write(piece.subarray(0, BLOCK));
  small.end();
  large.skip(100 * MIB);
  large.write(piece.subarray(0, BLOCK + 5));
  const content = large.end();
  ok(content instanceof ChunkedContent);
  ok(1400 * MIB / BLOCK / 2 ** content.chunkBits <= 2 ** 18);
});
