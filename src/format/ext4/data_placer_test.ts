import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { ImageError } from "../../image_error.ts";
import type { Ext4Content } from "./content.ts";
import { DataPlacer } from "./data_placer.ts";
import { Geometry } from "./geometry.ts";

/** A sink in memory that refuses to be written twice at one place. */
class MemorySink {
  readonly bytes: Uint8Array;
  readonly written: Uint8Array;
  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.written = new Uint8Array(size);
  }
  write(bytes: Uint8Array, position: number): void {
    for (let i = 0; i < bytes.length; i++) {
      strictEqual(this.written[position + i]++, 0, `byte ${position + i} is written once`);
    }
    this.bytes.set(bytes, position);
  }
  truncate(): void {}
}

function readBack(sink: MemorySink, content: Ext4Content, size: number, blockSize: number) {
  const bytes = new Uint8Array(Math.ceil(size / blockSize) * blockSize);
  for (const { logicalBlock, startBlock, blockCount } of content.runs()) {
    const at = startBlock * blockSize;
    bytes.set(sink.bytes.subarray(at, at + blockCount * blockSize), logicalBlock * blockSize);
  }
  return bytes.slice(0, size);
}

Deno.test("DataPlacer gives back any bytes in any pieces, and zero blocks take no place", () => {
  const geometry = new Geometry(1024, 256, 64);
  const piece = fc.record({
    kind: fc.constantFrom("write", "zeros", "skip"),
    size: fc.oneof(fc.integer({ min: 1, max: 1500 }), fc.constantFrom(1024, 4096, 8192, 70_000)),
    offset: fc.integer({ min: 0, max: 5 }),
  });
  fc.assert(
    fc.property(
      fc.array(fc.array(piece, { minLength: 1, maxLength: 12 }), { maxLength: 6 }),
      (files) => {
        const sink = new MemorySink(16 << 20);
        const placer = new DataPlacer(sink, geometry, 20, 1e9, 2);
        const placed = files.map((pieces) => {
          const size = pieces.reduce((sum, { size }) => sum + size, 0);
          const expected = new Uint8Array(size);
          const file = placer.begin(size);
          let at = 0;
          for (const { kind, size, offset } of pieces) {
            if (kind === "write") expected.fill(at % 250 + 1, at, at + size);
            const chunk = new Uint8Array(offset + size);
            chunk.set(expected.subarray(at, at + size), offset);
            if (kind === "skip") file.skip(size);
            else file.write(chunk.subarray(offset));
            at += size;
          }
          return { expected, content: file.end() };
        });
        placer.flush();
        for (const { expected, content } of placed) {
          deepStrictEqual(readBack(sink, content, expected.length, 1024), expected);
          let blocks = 0;
          for (let at = 0; at < expected.length; at += 1024) {
            if (expected.subarray(at, at + 1024).some((byte) => byte !== 0)) blocks++;
          }
          strictEqual(content.runs().reduce((sum, run) => sum + run.blockCount, 0), blocks);
        }
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("DataPlacer keeps two files apart whose pieces come by turns", () => {
  const geometry = new Geometry(1024, 256, 64);
  const size = fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.constantFrom(1024, 70_000, 200_001));
  const turns = fc.array(fc.record({ file: fc.boolean(), isHole: fc.boolean(), size }), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(turns, (turns) => {
      const sink = new MemorySink(16 << 20);
      const placer = new DataPlacer(sink, geometry, 20, 1e9, 2);
      const files = [false, true].map((which) => {
        const size = turns.reduce((sum, turn) => sum + (turn.file === which ? turn.size : 0), 0);
        return { expected: new Uint8Array(size), at: 0, writer: placer.begin(size) };
      });
      throws(() => placer.begin(1), TypeError);
      turns.forEach(({ file: which, isHole, size }, turn) => {
        const file = files[Number(which)];
        if (isHole) {
          file.writer.skip(size);
        } else {
          const piece = file.expected.subarray(file.at, file.at + size).fill(turn + 1);
          file.writer.write(piece);
        }
        file.at += size;
      });
      const contents = files.map(({ writer }) => writer.end());
      placer.flush();
      files.forEach(({ expected }, i) => {
        deepStrictEqual(readBack(sink, contents[i], expected.length, 1024), expected);
      });
    }),
    { numRuns: 60 },
  );
});

Deno.test("DataPlacer leaves the gap of every backup group free", () => {
  const geometry = new Geometry(1024, 256, 64);
  const sink = new MemorySink(40 << 20);
  const placer = new DataPlacer(sink, geometry, 20, 1e9, 2);
  const size = 33 << 20;
  const file = placer.begin(size);
  for (let left = size; left > 0; left -= 1 << 20) file.write(new Uint8Array(1 << 20).fill(7));
  deepStrictEqual(
    file.end().runs().map(({ startBlock, blockCount }) => [startBlock, startBlock + blockCount]),
    [[21, 8193], [8213, 24577], [24597, 33853]],
  );
  placer.flush();
  strictEqual(placer.dataEnd, 33853);
});

Deno.test("DataPlacer does not write behind the end of the image, but goes on placing", () => {
  const geometry = new Geometry(4096, 256, 64);
  const sink = new MemorySink(30 * 4096);
  const placer = new DataPlacer(sink, geometry, 20, 30, 1);
  const file = placer.begin(50 * 4096);
  file.write(new Uint8Array(50 * 4096).fill(1));
  strictEqual(file.end().blockCount, 50);
  placer.flush();
  strictEqual(sink.bytes.subarray(20 * 4096).every((byte) => byte === 1), true);
});

Deno.test("DataPlacer refuses missing, surplus and too many bytes", () => {
  const placer = new DataPlacer(new MemorySink(0), new Geometry(4096, 256, 64), 20, 0, 1);
  const file = placer.begin(10);
  throws(() => placer.begin(1), TypeError);
  throws(() => file.write(new Uint8Array(11)), RangeError);
  throws(() => file.skip(11), RangeError);
  throws(() => file.end(), RangeError);
  file.skip(10);
  strictEqual(file.end().runCount, 0);
  throws(() => file.end(), TypeError);
  throws(
    () => placer.begin(2 ** 44),
    (error) => error instanceof ImageError && error.code === "LIMIT_EXCEEDED",
  );
});
