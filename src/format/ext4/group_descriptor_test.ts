import { assertLayout } from "../../bytes/assert_layout.ts";
import { readGroupDescriptor, writeGroupDescriptor } from "./group_descriptor.ts";

Deno.test("group descriptor fields of 64 bytes stand where struct ext4_group_desc has them", () => {
  assertLayout(
    64,
    [
      ["blockBitmap", 0x00, 4, 0x20, 4],
      ["inodeBitmap", 0x04, 4, 0x24, 4],
      ["inodeTable", 0x08, 4, 0x28, 4],
      ["freeBlocksCount", 0x0c, 2, 0x2c, 2],
      ["freeInodesCount", 0x0e, 2, 0x2e, 2],
      ["usedDirectoriesCount", 0x10, 2, 0x30, 2],
      ["flags", 0x12, 2],
      ["blockBitmapChecksum", 0x18, 2, 0x38, 2],
      ["inodeBitmapChecksum", 0x1a, 2, 0x3a, 2],
      ["unusedInodesCount", 0x1c, 2, 0x32, 2],
      ["checksum", 0x1e, 2],
    ],
    (view, at, x) => writeGroupDescriptor(view, at, x, 64),
    (view, at) => readGroupDescriptor(view, at, 64),
  );
});

Deno.test("group descriptor fields of 32 bytes have no high halves", () => {
  assertLayout(
    32,
    [
      ["blockBitmap", 0x00, 4],
      ["inodeBitmap", 0x04, 4],
      ["inodeTable", 0x08, 4],
      ["freeBlocksCount", 0x0c, 2],
      ["freeInodesCount", 0x0e, 2],
      ["usedDirectoriesCount", 0x10, 2],
      ["flags", 0x12, 2],
      ["blockBitmapChecksum", 0x18, 2],
      ["inodeBitmapChecksum", 0x1a, 2],
      ["unusedInodesCount", 0x1c, 2],
      ["checksum", 0x1e, 2],
    ],
    (view, at, x) => writeGroupDescriptor(view, at, x, 32),
    (view, at) => readGroupDescriptor(view, at, 32),
  );
});
