import { strictEqual } from "node:assert/strict";
import { defaultJournalBlocks } from "./journal.ts";

Deno.test("defaultJournalBlocks() follows the table of mke2fs", () => {
  const rows: [blocks: number, journal: number][] = [
    [2047, 0],
    [2048, 1024],
    [32_767, 1024],
    [32_768, 4096],
    [262_144, 8192],
    [524_288, 16_384],
    [4_194_304, 32_768],
    [8_388_608, 65_536],
    [16_777_216, 131_072],
    [33_554_432, 262_144],
    [2 ** 40, 262_144],
  ];
  for (const [blocks, journal] of rows) strictEqual(defaultJournalBlocks(blocks), journal);
});
