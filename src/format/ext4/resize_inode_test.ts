import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Geometry } from "./geometry.ts";
import { reservedDescriptorBlocks, resizeInodeSize } from "./resize_inode.ts";

Deno.test("reservedDescriptorBlocks() reserves what mke2fs 1.47 does", () => {
  // `mke2fs -t ext4 -b BS` of images of these blocks: "Reserved GDT blocks".
  const rows: [blockSize: number, blocks: number, reserved: number][] = [
    [4096, 76_800, 37],
    [4096, 262_144, 127],
    [4096, 2_621_440, 1024],
    [1024, 65_536, 256],
    [1024, 8192, 63],
  ];
  for (const [blockSize, blocks, reserved] of rows) {
    strictEqual(reservedDescriptorBlocks(new Geometry(blockSize, 256, 64), blocks), reserved);
  }
  strictEqual(reservedDescriptorBlocks(new Geometry(4096, 256, 64), 2 ** 33), 0);
});

Deno.test("resizeInodeSize() is all that a double indirect block can name", () => {
  deepStrictEqual([1024, 4096].map(resizeInodeSize), [67_383_296, 4_299_210_752]);
});
