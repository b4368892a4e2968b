/**
 * The trees of the EROFS conformance matrix: those of ext4, and boundaries of its own.
 *
 * @module
 */
import { alignUp } from "../../src/bytes/align.ts";
import type { ErofsOptions } from "../../src/format/erofs/format.ts";
import type { FileTree } from "../../src/tree/file_tree.ts";
import { CaseTree } from "./case_tree.ts";
import { EXT4_CASES } from "./ext4_cases.ts";
import type { GeneratedContent } from "./generated_content.ts";
import type { WriteTreeOptions } from "./write_tree.ts";

/** One case. */
export interface ErofsCase {
  /** Name in the names of tests. */
  readonly name: string;
  /** Makes the tree for a block size. */
  build(blockSize: number): FileTree<GeneratedContent>;
  /** How the tree is handed over. */
  readonly write?: WriteTreeOptions;
  /** Judges that are wrong about this case or take minutes, by name. */
  readonly without?: readonly string[];
}

/** What every case is written with. */
export const VARIANTS: readonly ErofsOptions[] = [
  { blockSize: 4096 },
  { blockSize: 1024 },
  { blockSize: 4096, compression: "lz4" },
];

/** What cases with contents are written with besides. */
export const CONTENT_VARIANTS: readonly ErofsOptions[] = [
  { blockSize: 512 },
  { blockSize: 2048, compression: "deflate:6", clusterSize: 16_384 },
  { blockSize: 4096, compression: "deflate:1", clusterSize: 1_048_576 },
  { blockSize: 4096, compression: "zstd:3" },
  { blockSize: 4096, compression: "zstd:19", clusterSize: 8192 },
  { blockSize: 1024, compression: "lz4", clusterSize: 2048 },
  { blockSize: 512, compression: "lz4", clusterSize: 1_048_576 },
  // Zeros of thousands of blocks in one piece.
  { blockSize: 512, compression: "zstd:2" },
  // Larger than a page: our reader alone can tell.
  { blockSize: 65_536 },
  { blockSize: 16_384, compression: "zstd:1" },
];

/** Cases of ext4 that are not for EROFS, and why. */
const NOT_FOR_EROFS: Readonly<Record<string, string>> = {
  "values up to 64 KiB": "a value has at most 65,535 bytes",
  "a directory of 1,000,000 entries": "100,000 show as much in less time",
  "a directory whose index needs three levels": "there is no index",
};

const OWN_CASES: readonly ErofsCase[] = [
  {
    name: "ends of files around what stands behind an inode",
    build(blockSize) {
      const tree = new CaseTree();
      for (const blocks of [0, 1, 3]) {
        for (const rest of [1, 31, 32, 33, 64, 65, 100, blockSize >> 1]) {
          tree.file(`${blocks} ${rest}`, { size: blocks * blockSize + rest })
            .file(`${blocks} -${rest}`, { size: (blocks + 1) * blockSize - rest, uid: 70_000 })
            .file(`${blocks} ${rest} x`, {
              size: blocks * blockSize + rest,
              xattrs: { "user.x": "y".repeat(rest) },
            });
        }
      }
      return tree.finish();
    },
  },
  {
    name: "attributes larger than a block, with data behind them",
    build(size) {
      const tree = new CaseTree();
      const blockSize = Math.min(4096, size);
      for (const rest of [0, 1, 20, 40, blockSize - 100]) {
        const xattrs = { "user.large": "v".repeat(2 * blockSize + rest), "user.b": `${rest}` };
        tree.file(`file ${rest}`, { size: blockSize - 40, xattrs })
          .directory(`directory ${rest}`, { xattrs })
          .symlink(`symlink ${rest}`, "t".repeat(blockSize - 50), {
            xattrs: { "trusted.large": "v".repeat(blockSize + rest) },
          });
      }
      tree.file("directory 0/file", { size: 3, xattrs: { "user.large": "v".repeat(65_535) } });
      return tree.finish();
    },
  },
  {
    name: "attributes that are shared, and some that are not",
    build() {
      const tree = new CaseTree();
      for (let i = 0; i < 300; i++) {
        const xattrs: Record<string, string> = {
          "security.selinux": `system_u:object_r:type${i % 5}_t:s0\0`,
          "user.pair": `${i >> 1}`,
        };
        for (let k = 0; k < i % 7; k++) xattrs[`user.${k}`] = "same";
        tree.file(`file ${i}`, { size: i, xattrs });
      }
      return tree.finish();
    },
  },
  {
    name: "chunks of many sizes",
    build(b) {
      const tree = new CaseTree();
      for (const bits of [0, 1, 4, 9]) {
        const c = b * 2 ** bits;
        // Odd numbers of chunks that are together no smaller than a hole.
        const h = c * (2 * Math.ceil(32_768 / c) + 1);
        tree.file(`holes of ${h / b} first`, { data: [[h, h + c], [2 * h + c, 2 * h + c + 1]] })
          .file(`holes of ${h / b} last`, { size: c + h, data: [[0, c]] })
          .file(`holes of ${h / b} and a rest`, { size: 2 * h + c + 7, data: [[h, h + c]] })
          .file(`holes of ${h / b} and a byte`, {
            size: 2 * h + c + 7,
            data: [[h, h + c], [2 * h + c + 6, 2 * h + c + 7]],
          });
      }
      return tree.finish();
    },
  },
  {
    name: "ends of zeros around the size of a hole",
    build(blockSize) {
      const tree = new CaseTree();
      for (const rest of [-blockSize, 1 - blockSize, -40, -1, 0, 1, blockSize - 40, blockSize]) {
        for (const data of [0, 1, blockSize, blockSize + 1]) {
          const size = 65_536 + alignUp(data, blockSize) + rest;
          tree.file(`${data} and ${rest}`, { size, data: [[0, data]], writesZeros: true })
            .file(`${data} and ${rest} skipped`, { size, data: [[0, data]] });
        }
      }
      return tree.finish();
    },
  },
  {
    name: "runs of zeros of many lengths between data",
    build(blockSize) {
      const tree = new CaseTree();
      const MIB = 1_048_576;
      const data = 40_000;
      for (const run of [65_536, 131_072, 15 * 65_536, MIB, 4 * MIB, 5 * MIB + 8192]) {
        for (const rest of [-1, 0, 1, blockSize]) {
          const zeros = run + rest;
          tree.file(`${run} and ${rest}`, {
            size: 2 * data + 3 * zeros,
            data: [[zeros, zeros + data], [2 * zeros + data, 2 * (zeros + data)]],
            writesZeros: rest === 0,
          });
        }
      }
      return tree.finish();
    },
  },
  {
    name: "files of nothing but zeros, or nearly",
    build(blockSize) {
      const tree = new CaseTree();
      for (const size of [blockSize + 1, 65_535, 65_536, 65_537, 1_048_576, 9_000_000]) {
        tree.file(`${size} of zeros`, { size, data: [] })
          .file(`${size} written zeros`, { size, data: [], writesZeros: true })
          .file(`${size} with a first byte`, { size, data: [[0, 1]] })
          .file(`${size} with a last byte`, { size, data: [[size - 1, size]] });
      }
      // As much as is kept of a file of zeros at most, and more.
      for (const data of [65_536, 65_537]) {
        const size = 512 * 65_536;
        const start = 100 * 65_536;
        tree.file(`${data} among zeros`, { size, data: [[start, start + data]] });
      }
      return tree.finish();
    },
  },
  {
    name: "times of which one is frequent, and owners of all widths",
    build() {
      const tree = new CaseTree();
      for (let i = 0; i < 40; i++) {
        const mtime: [number, number] = i % 3 === 0 ? [1_234_567_890, 987_654_321] : [i - 20, i];
        tree.file(`file ${i}`, { size: 10 * i, mtime, uid: 65_520 + i, gid: 2 ** 31 + i });
        tree.file(`small ${i}`, { mtime: [1_234_567_890, 987_654_321], uid: i, gid: 65_520 + i });
      }
      return tree.finish();
    },
  },
  {
    name: "names before and behind the dots",
    build() {
      const tree = new CaseTree();
      for (const name of ["!", "-", ".\x01", "...", "..a", ".a", "/".charCodeAt(0) + "", "\x01"]) {
        tree.file(name).directory(`d${name}`).file(`d${name}/${name}`);
      }
      return tree.finish();
    },
  },
];

/** All cases. */
export const EROFS_CASES: readonly ErofsCase[] = [
  ...EXT4_CASES.filter(({ name }) => !(name in NOT_FOR_EROFS)).map(
    ({ name, build, blockSizes, write, without }) => ({
      name,
      build: (blockSize: number) => build(blockSizes?.at(-1) ?? Math.min(4096, blockSize)),
      write,
      without: [
        ...without ?? [],
        // It reads every byte of holes, one by one.
        ...name.includes("GiB") || name.includes("largest") ? ["fsck.erofs"] : [],
      ],
    }),
  ),
  ...OWN_CASES,
];

/** Cases about contents, which are written in every way. */
export const CONTENT_CASE_NAMES: readonly string[] = [
  "every kind of file",
  "sizes around a block and around 12 blocks",
  "sizes around the writer's buffer",
  "contents in pieces of odd sizes",
  "blocks of zeros",
  ...OWN_CASES.map(({ name }) => name),
];
