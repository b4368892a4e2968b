import { strictEqual } from "node:assert/strict";
import { assertLayout } from "../../bytes/assert_layout.ts";
import {
  checksummedSize,
  emptySuperblock,
  readSuperblock,
  SUPERBLOCK_SIZE,
  superblockChecksum,
  writeSuperblock,
} from "./superblock.ts";

Deno.test("superblock fields have the kernel's layout", () => {
  assertLayout(
    SUPERBLOCK_SIZE,
    [
      ["magic", 0, 4],
      ["checksum", 4, 4],
      ["featureCompat", 8, 4],
      ["blockSizeBits", 12, 1],
      ["extSlots", 13, 1],
      ["rootNidOrBlocksHigh", 14, 2],
      ["inodeCount", 16, 8],
      ["epochSeconds", 24, 8],
      ["epochNanoseconds", 32, 4],
      ["blocksLow", 36, 4],
      ["metaBlock", 40, 4],
      ["xattrBlock", 44, 4],
      ["uuid", 48, 16],
      ["volumeName", 64, 16],
      ["featureIncompat", 80, 4],
      ["compressions", 84, 2],
      ["extraDevices", 86, 2],
      ["deviceTableSlot", 88, 2],
      ["directoryBlockBits", 90, 1],
      ["xattrPrefixCount", 91, 1],
      ["xattrPrefixStart", 92, 4],
      ["packedNid", 96, 8],
      ["xattrFilterReserved", 104, 1],
      ["buildSeconds", 108, 4],
      ["rootNid48", 112, 8],
    ],
    writeSuperblock,
    readSuperblock,
  );
});

Deno.test("writeSuperblock() keeps times before 1970", () => {
  const view = new DataView(new ArrayBuffer(SUPERBLOCK_SIZE));
  writeSuperblock(view, 0, { ...emptySuperblock(), epochSeconds: -2 });
  strictEqual(view.getBigInt64(24, true), -2n);
  strictEqual(readSuperblock(view, 0).epochSeconds, -2);
});

Deno.test("superblockChecksum() does not depend on the checksum that is there", () => {
  const bytes = new Uint8Array(checksummedSize(4096)).fill(7);
  strictEqual(bytes.length, 3072);
  const sum = superblockChecksum(bytes);
  bytes[5] = 99;
  strictEqual(superblockChecksum(bytes), sum);
  bytes[9] = 99;
  strictEqual(superblockChecksum(bytes) === sum, false);
});

Deno.test("checksummedSize() is what the kernel sums for every block size", () => {
  strictEqual(checksummedSize(512), 512);
  strictEqual(checksummedSize(1024), 1024);
  strictEqual(checksummedSize(2048), 1024);
});
