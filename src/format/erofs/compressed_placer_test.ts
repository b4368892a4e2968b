import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { memorySink } from "../../io/memory_sink.ts";
import type { FileWriter } from "../image_format.ts";
import { ChunkedContent, CompressedContent, type ErofsContent } from "./content.ts";
import { erofs } from "./format.ts";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const DATA = new Uint8Array(65_536).fill(7);

/** Where a file's bytes are. */
function placed(
  compression: string,
  size: number,
  write: (file: FileWriter<ErofsContent>) => void,
): ErofsContent {
  const writer = erofs({ compression, compressionWorkers: 0 }).createWriter(memorySink().open(), {
    identity: () => "",
    createdSeconds: 0,
    expectedBytes: 0,
    onNotice: () => {},
  });
  try {
    const file = writer.beginFile(size);
    write(file);
    return file.end();
  } finally {
    writer.close?.();
  }
}

Deno.test("a file that is nearly all zeros becomes chunks with holes", () => {
  const content = placed("lz4", 8 * GIB, (file) => {
    file.skip(3 * GIB + 100);
    file.write(Uint8Array.of(1));
    file.skip(5 * GIB - 101);
  });
  const run = { logicalBlock: 3 * GIB / 4096, startBlock: 1, blockCount: 8 };
  deepStrictEqual(content, new ChunkedContent(3, [run]));
});

Deno.test("so does one whose data takes as much as the index would, and none with more", () => {
  const withPieces = (count: number) =>
    placed("lz4", 512 * 3 * DATA.length, (file) => {
      for (let i = 0; i < count; i++) {
        file.skip(100 * DATA.length);
        file.write(DATA);
      }
      file.skip((512 * 3 - 101 * count) * DATA.length);
    });
  ok(withPieces(3) instanceof ChunkedContent);
  ok(withPieces(4) instanceof CompressedContent);
});

const ZEROS_OF_A_BLOCK = { lz4: 1_032_192, "deflate:1": 4 * MIB, "zstd:9": 4 * MIB };
for (const [compression, zerosSize] of Object.entries(ZEROS_OF_A_BLOCK)) {
  Deno.test(`a block of ${compression} holds ${zerosSize} zeros`, () => {
    // 60 MiB of data is more than is kept.
    const content = placed(compression, 8 * GIB, (file) => {
      for (let i = 0; i < 960; i++) file.write(DATA);
      file.skip(8 * GIB - 960 * DATA.length);
    });
    ok(content instanceof CompressedContent);
    strictEqual(content.blockCount, 960 + Math.ceil((8 * GIB - 60 * MIB) / zerosSize));
  });
}
