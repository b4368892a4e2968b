/**
 * Cases about the bytes of files: sizes, extents, holes.
 *
 * @module
 */
import { CaseTree } from "./case_tree.ts";
import type { Ext4Case } from "./ext4_cases.ts";
import type { GeneratedContent } from "./generated_content.ts";

const GIB = 2 ** 30;

/** `count` blocks of data, each followed by a hole of one block. */
function scattered(count: number, blockSize: number): GeneratedContent["data"] {
  return Array.from({ length: count }, (_, i) => [2 * i * blockSize, (2 * i + 1) * blockSize]);
}

/** Cases about contents. */
export const CONTENT_CASES: readonly Ext4Case[] = [
  {
    name: "sizes around a block and around 12 blocks",
    build(blockSize) {
      const tree = new CaseTree();
      const sizes = [0, 1, 59, 60, 61, 156, 12 * blockSize, 13 * blockSize + 1];
      for (const count of [1, 2]) {
        sizes.push(count * blockSize - 1, count * blockSize, count * blockSize + 1);
      }
      for (const size of sizes) tree.file(`size ${size}`, { size });
      return tree.finish();
    },
  },
  {
    name: "sizes around the writer's buffer",
    build() {
      const tree = new CaseTree();
      for (const base of [65536, 262144, 524288]) {
        for (const size of [base - 1, base, base + 1]) tree.file(`size ${size}`, { size });
      }
      return tree.finish();
    },
    write: { chunkSize: 262144 },
  },
  {
    name: "contents in pieces of odd sizes",
    build: () =>
      new CaseTree()
        .file("a", { size: 300_001 })
        .file("b", { size: 99_999, data: [[10, 20], [50_000, 70_001]] })
        .file("c", { size: 99_999, data: [[10, 20], [50_000, 70_001]], writesZeros: true })
        .file("d", { size: 17 })
        .finish(),
    write: { chunkSize: 1013 },
  },
  {
    name: "extents around what inode and blocks can hold",
    build(blockSize) {
      const tree = new CaseTree();
      const perBlock = Math.floor((blockSize - 16) / 12);
      const counts = new Set([1, 4, 5, 340, 341, 680, perBlock, perBlock + 1, 2 * perBlock + 1]);
      for (const count of counts) {
        tree.file(`${count} extents`, { data: scattered(count, blockSize) });
      }
      tree.file("hole at the end", { size: 900 * blockSize, data: scattered(7, blockSize) });
      return tree.finish();
    },
  },
  {
    name: "extent trees of depth 2",
    build(blockSize) {
      const perBlock = Math.floor((blockSize - 16) / 12);
      return new CaseTree()
        .file("full", { data: scattered(4 * perBlock, blockSize) })
        .file("one more", { data: scattered(4 * perBlock + 1, blockSize) })
        .finish();
    },
  },
  {
    name: "an extent tree of depth 3",
    peer: false,
    build: (blockSize) =>
      new CaseTree().file("deep", { data: scattered(4 * 84 * 84 + 1, blockSize) }).finish(),
    blockSizes: [1024],
  },
  {
    name: "extents longer than 32,768 blocks can say",
    peer: false,
    build: (blockSize) =>
      new CaseTree()
        .file("one", { size: 32768 * blockSize })
        .file("two", { size: 32769 * blockSize + 1 })
        .finish(),
    blockSizes: [1024],
  },
  {
    name: "sparse files of 5, 50 and 200 GiB",
    build: () =>
      new CaseTree()
        .file("around 2^32", {
          size: 5 * GIB,
          data: [[0, 1], [4 * GIB - 5000, 4 * GIB + 5000], [5 * GIB - 1, 5 * GIB]],
        })
        .file("50 GiB", { size: 50 * GIB, data: [[25 * GIB + 123, 25 * GIB + 9000]] })
        .file("200 GiB", {
          size: 200 * GIB,
          data: [[4096, 20_000], [100 * GIB - 1, 100 * GIB + 1], [200 * GIB - 9000, 200 * GIB - 3]],
        })
        .finish(),
  },
  {
    name: "the largest files",
    peer: false,
    build(blockSize) {
      const size = (2 ** 32 - 1) * blockSize;
      return new CaseTree()
        .file("a hole", { size, data: [] })
        .file("the last byte", { size, data: [[size - 1, size]] })
        .file("first and last block", { size, data: [[0, 5], [size - blockSize, size]] })
        .finish();
    },
  },
  {
    name: "blocks of zeros",
    build(blockSize) {
      const size = 64 * blockSize;
      return new CaseTree()
        .file("all holes", { size, data: [] })
        .file("all zeros", { size, data: [], writesZeros: true })
        .file("zeros first", { size, data: [[size - 1, size]], writesZeros: true })
        .file("zeros last", { size, data: [[0, 1]], writesZeros: true })
        .file("zeros in the middle", {
          size: size + 5,
          data: [[0, blockSize + 1], [40 * blockSize - 1, 41 * blockSize], [size + 4, size + 5]],
          writesZeros: true,
        })
        .finish();
    },
  },
  {
    name: "many small files",
    build() {
      const tree = new CaseTree();
      for (let d = 0; d < 20; d++) {
        tree.directory(`d${d}`);
        for (let f = 0; f < 100; f++) tree.file(`d${d}/f${f}`, { size: (d * 100 + f) * 7 });
      }
      return tree.finish();
    },
  },
];
