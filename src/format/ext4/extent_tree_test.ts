import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { checksumSeed, inodeSeed } from "./checksum.ts";
import { Ext4Content, type Ext4Extent } from "./content.ts";
import { readExtentHeader, readExtentIndex, readExtentLeaf } from "./extent.ts";
import { extentCount, extentTreeBlocks, writeExtentTree } from "./extent_tree.ts";
import { Geometry } from "./geometry.ts";
import { BlockStage } from "./image_bytes.ts";

function contentOf(runs: Ext4Extent[]): Ext4Content {
  return new Ext4Content(runs[0] ?? null, runs.length > 1 ? runs.slice(1) : null);
}

function everyOther(count: number): Ext4Extent[] {
  return Array.from({ length: count }, (_, i) => ({
    logicalBlock: 2 * i,
    startBlock: 1000 + i,
    blockCount: 1,
  }));
}

Deno.test("extentTreeBlocks() counts the nodes of every level", () => {
  const rows: [extents: number, blockSize: number, blocks: number][] = [
    [0, 4096, 0],
    [4, 4096, 0],
    [5, 4096, 1],
    [340, 4096, 1],
    [341, 4096, 2],
    [680, 4096, 2],
    [681, 4096, 3],
    [4 * 340, 4096, 4],
    [4 * 340 + 1, 4096, 6],
    [4 * 84, 1024, 4],
    [4 * 84 + 1, 1024, 6],
  ];
  for (const [extents, blockSize, blocks] of rows) {
    strictEqual(extentTreeBlocks(extents, blockSize), blocks, `${extents} at ${blockSize}`);
  }
});

Deno.test("extentCount() splits runs above 32768 blocks", () => {
  const run = (blockCount: number) => contentOf([{ logicalBlock: 0, startBlock: 50, blockCount }]);
  deepStrictEqual([0, 1, 32768, 32769, 65537].map((count) => extentCount(run(count))), [
    0,
    1,
    1,
    2,
    3,
  ]);
});

Deno.test("writeExtentTree() writes a tree that leads to every run", () => {
  for (const count of [0, 1, 4, 5, 84, 85, 84 * 4, 84 * 4 + 1, 84 * 84 * 4 + 1]) {
    const blockSize = 1024;
    const runs = everyOther(count);
    const content = contentOf(runs);
    const treeBlocks = Array.from(
      { length: extentTreeBlocks(extentCount(content), blockSize) },
      (_, i) => 5 + i,
    );
    const image = new Uint8Array((5 + treeBlocks.length) * blockSize);
    const stage = new BlockStage({
      write: (bytes, position) => image.set(bytes, position),
      truncate: () => {},
    }, blockSize);
    const inode = new DataView(new ArrayBuffer(60));
    const seed = inodeSeed(checksumSeed(new Uint8Array(16)), 12, 0);
    writeExtentTree(inode, 0, content, treeBlocks, seed, stage, new Geometry(blockSize, 256, 64));
    stage.flush();
    const found: Ext4Extent[] = [];
    const disk = new DataView(image.buffer);
    const visit = (view: DataView, at: number, depth: number | null, logical: number | null) => {
      const header = readExtentHeader(view, at);
      strictEqual(header.magic, 0xf30a);
      if (depth !== null) strictEqual(header.depth, depth);
      for (let i = 0; i < header.entries; i++) {
        const entry = at + 12 * (1 + i);
        if (header.depth > 0) {
          const { logicalBlock, childBlock } = readExtentIndex(view, entry);
          if (i === 0 && logical !== null) strictEqual(logicalBlock, logical);
          visit(disk, childBlock * blockSize, header.depth - 1, logicalBlock);
        } else {
          const { logicalBlock, startBlock, length } = readExtentLeaf(view, entry);
          if (i === 0 && logical !== null) strictEqual(logicalBlock, logical);
          found.push({ logicalBlock, startBlock, blockCount: length });
        }
      }
    };
    visit(inode, 0, null, null);
    deepStrictEqual(found, runs);
  }
});
