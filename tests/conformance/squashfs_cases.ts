/**
 * The trees of the squashfs conformance matrix: those of ext4 that squashfs can hold, and boundaries
 * of its own.
 *
 * @module
 */
import type { SquashfsOptions } from "../../src/format/squashfs/format.ts";
import { type FileTree, walk } from "../../src/tree/file_tree.ts";
import { CaseTree } from "./case_tree.ts";
import { EXT4_CASES } from "./ext4_cases.ts";
import type { GeneratedContent } from "./generated_content.ts";
import type { WriteTreeOptions } from "./write_tree.ts";

/** One case. */
export interface SquashfsCase {
  /** Name in the names of tests. */
  readonly name: string;
  /** Makes the tree for a block size. */
  build(blockSize: number): FileTree<GeneratedContent>;
  /** How the tree is handed over. */
  readonly write?: WriteTreeOptions;
  /** Judges that are wrong about this case or take minutes, by name. */
  readonly without?: readonly string[];
  /** Whether it is about many names: the second way to write files shows nothing new then. */
  readonly isAboutNames?: boolean;
}

/** What cases are written with: small blocks and many of them, and the usual ones. */
export const VARIANTS: readonly SquashfsOptions[] = [
  { compression: "zstd:1", blockSize: 4096 },
  { compression: "lz4", blockSize: 131_072 },
];

/** Cases of ext4 that are not for squashfs, and why. */
const NOT_FOR_SQUASHFS: Readonly<Record<string, string>> = {
  "times from 1901 to 2446": "times are 1970 to 2106",
  "times from 2310 to 2378": "times are 1970 to 2106",
  "times beyond 1901 and 2446 are moved there": "times are 1970 to 2106",
  "metadata of the root": "its time is before 1970",
  "POSIX ACLs": "there are none",
  "the largest files": "their block lists would have billions of entries",
  "sparse files of 5, 50 and 200 GiB": "a case of its own, with larger blocks",
  "a directory of 1,000,000 entries": "100,000 show as much in less time",
};

/** Cases of ext4 that extracting tools see too: they take long for many files. */
const EXTRACTED = [
  "empty tree",
  "every kind of file",
  "contents in pieces of odd sizes",
  "blocks of zeros",
  "names of 1 to 255 bytes",
  "names of every byte, not UTF-8, with spaces and control characters",
  "a directory of 5,000 entries",
  "hard links to every kind of file",
  "all permission bits",
  "device numbers of 8, 12 and 20 bits",
  "many attributes, names of equal length and different prefixes, empty values",
  "attributes of symbolic links and special files",
];

/** Cases of ext4 with tens of thousands of names, which judges take seconds for. */
const MANY_NAMES = [
  "a directory of 5,000 entries",
  "a directory of 30,000 entries",
  "a directory of 100,000 entries",
  "a directory whose index needs three levels",
  "65,001 sub-directories, which are not counted",
  "a file of 65,000 names",
];

/**
 * Cases in which every name costs the kernel a search through a long index: 12 seconds and some
 * minutes, as in images of the same directories that mksquashfs made.
 */
const LONG_TO_MOUNT = [
  "a directory of 100,000 entries",
  "a directory whose index needs three levels",
];

/** Cases of ext4, for squashfs. */
const SHARED_CASES: readonly SquashfsCase[] = EXT4_CASES
  .filter(({ name }) => !(name in NOT_FOR_SQUASHFS))
  .map(({ name, build, blockSizes, write, without }) => ({
    name,
    // They are about blocks of ext4; the sizes are as good as any here.
    build: () => build(blockSizes?.at(-1) ?? 4096),
    write,
    without: [
      ...without ?? [],
      ...LONG_TO_MOUNT.includes(name) ? ["kernel mount"] : [],
      ...EXTRACTED.includes(name) ? [] : ["unsquashfs", "rdsquashfs"],
    ],
    isAboutNames: MANY_NAMES.includes(name),
  }));

const GIB = 2 ** 30;

/** Cases of squashfs itself. */
const OWN_CASES: readonly SquashfsCase[] = [
  {
    name: "sizes around blocks",
    build(blockSize) {
      const tree = new CaseTree();
      for (const blocks of [0, 1, 2, 3, 17]) {
        for (const more of [-1, 0, 1, 1000]) {
          const size = blocks * blockSize + more;
          if (size >= 0) tree.file(`${blocks} ${more}`, { size });
        }
      }
      return tree.finish();
    },
    write: { chunkSize: 10_007 },
  },
  {
    name: "ends of files that fill fragment blocks exactly, and by one byte more or less",
    build(blockSize) {
      const tree = new CaseTree();
      const quarter = blockSize / 4;
      const sizes = [0, 0, 0, 0, 1, 0, -1, 0, 0, 0, 1, 0].map((more) => quarter + more);
      [...sizes, blockSize - 1, 1, blockSize - 1, 2, blockSize + quarter, 3 * quarter, 1]
        .forEach((size, i) => tree.file(`${i}`, { size }));
      return tree.finish();
    },
  },
  {
    name: "more attributes than metadata blocks hold",
    build() {
      const tree = new CaseTree();
      // A set takes 16 bytes of its table: 512 fill a block.
      for (let i = 0; i < 600; i++) {
        tree.file(`${i}`, { xattrs: { "user.number": `${i}`, "trusted.same": "s".repeat(i % 7) } });
      }
      for (const size of [8192 - 20, 8192, 20_000, 65_536]) {
        tree.file(`large ${size}`, { xattrs: { "user.large": "x".repeat(size), "user.z": "z" } });
      }
      return tree.finish();
    },
    // Filesystems to which they extract have no room for them.
    without: ["unsquashfs", "rdsquashfs"],
  },
  {
    name: "holes around blocks",
    build(b) {
      const tree = new CaseTree();
      for (const writesZeros of [false, true]) {
        const kind = writesZeros ? "zeros" : "holes";
        tree.file(`${kind} first`, { data: [[2 * b, 3 * b + 5]], writesZeros })
          .file(`${kind} last`, { size: 4 * b, data: [[0, b]], writesZeros })
          .file(`${kind} as the end`, { size: 2 * b + 9, data: [[0, b + 3]], writesZeros })
          .file(`${kind} alone`, { size: 3 * b + 1, data: [], writesZeros })
          .file(`${kind} in a small file`, { size: 100, data: [], writesZeros })
          .file(`${kind} between`, {
            size: 9 * b,
            data: [[1, 2], [3 * b - 1, 3 * b + 1], [8 * b, 8 * b + 1]],
            writesZeros,
          });
      }
      return tree.finish();
    },
  },
  {
    name: "files that are the same",
    build(blockSize) {
      const tree = new CaseTree();
      for (const size of [1, 1000, blockSize, 3 * blockSize + 77, 20 * blockSize]) {
        for (const copy of ["a", "b", "c"]) tree.file(`${size} ${copy}`, { size });
        tree.file(`${size} other`, { size });
        const { content } = tree.at(`${size} a`);
        tree.at(`${size} b`).content = content;
        tree.at(`${size} c`).content = { ...content!, writesZeros: true };
      }
      return tree.finish();
    },
  },
  {
    name: "files that are dead when all is written",
    build: (blockSize) =>
      new CaseTree().file("small", { size: 100 }).file("large", { size: 2 * blockSize + 5 })
        .finish(),
    write: {
      released: [10, 4096, 500_000, 131_072 + 10].map((size, i) => ({
        size,
        content: { seed: 900 + i, data: [[0, size]], writesZeros: false },
      })),
    },
  },
  {
    name: "metadata of the root, and times from 1970 to 2106",
    // It leaves the root as it finds it.
    without: ["rdsquashfs"],
    build() {
      const tree = new CaseTree();
      for (const mtime of [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) {
        tree.file(`${mtime}`, { mtime }).directory(`d${mtime}`, { mtime });
      }
      Object.assign(tree.root, {
        permissions: 0o1751,
        uid: 70_000,
        gid: 5,
        mtimeSeconds: 77,
        xattrs: [{ name: "user.root", value: Uint8Array.of(1) }],
      });
      return tree.finish();
    },
  },
  {
    name: "metadata of the root without attributes",
    without: ["rdsquashfs"],
    build() {
      const tree = new CaseTree();
      Object.assign(tree.root, { permissions: 0o700, uid: 1, gid: 2, mtimeSeconds: 2 ** 32 - 1 });
      return tree.finish();
    },
  },
  {
    name: "lists of directories around metadata blocks",
    build() {
      const tree = new CaseTree();
      // A header takes 12 bytes, an entry 8 and its name.
      for (const count of [255, 256, 257, 290, 291, 292, 293, 600]) {
        tree.directory(`d${count}`);
        for (let i = 0; i < count; i++) tree.file(`d${count}/${String(i).padStart(20, "0")}`);
      }
      return tree.finish();
    },
    without: ["rdsquashfs"],
  },
  {
    name: "inodes side by side with far numbers",
    isAboutNames: true,
    build() {
      // What is in the root has the lowest numbers, but stands behind what is in a/b.
      const tree = new CaseTree().directory("a").directory("a/b").file("a/b/linked", { size: 7 })
        .file("a/b/own", { size: 8 }).link("early", "a/b/linked").directory("m");
      for (let i = 0; i < 33_000; i++) tree.file(`m/${i}`);
      return tree.finish();
    },
    // Many files; only a reader that compares numbers sees the difference.
    without: ["kernel mount", "unsquashfs", "rdsquashfs"],
  },
  {
    name: "60,000 different owners",
    isAboutNames: true,
    build() {
      const tree = new CaseTree();
      for (let i = 0; i < 30_000; i++) tree.file(`${i}`, { uid: 100_000 + i, gid: 500_000 + i });
      return tree.finish();
    },
    without: ["unsquashfs", "rdsquashfs"],
  },
];

/** Cases for the usual block size and larger alone. */
export const LARGE_BLOCK_CASES: readonly SquashfsCase[] = [
  {
    name: "sparse files of 5 and 200 GiB",
    build: () =>
      new CaseTree()
        .file("around 2^32", {
          size: 5 * GIB,
          data: [[0, 1], [4 * GIB - 5000, 4 * GIB + 5000], [5 * GIB - 1, 5 * GIB]],
        })
        .file("200 GiB", {
          size: 200 * GIB,
          data: [[4096, 20_000], [100 * GIB - 1, 100 * GIB + 1], [200 * GIB - 9000, 200 * GIB - 3]],
        })
        .finish(),
    without: ["unsquashfs", "rdsquashfs"],
  },
];

/** All cases. */
export const SQUASHFS_CASES: readonly SquashfsCase[] = [...SHARED_CASES, ...OWN_CASES];

/** What must be found in an image of a tree: no fractions of seconds, no access times. */
export function squashfsExpectation(tree: FileTree<GeneratedContent>): FileTree<GeneratedContent> {
  for (const { inode } of walk(tree)) {
    inode.atimeSeconds = inode.mtimeSeconds;
    inode.mtimeNanoseconds = inode.atimeNanoseconds = 0;
  }
  return tree;
}
