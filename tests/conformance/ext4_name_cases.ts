/**
 * Cases about names: directories, links, symbolic links.
 *
 * @module
 */
import { type ByteString, utf8ByteString } from "../../src/bytes/byte_string.ts";
import { CaseTree } from "./case_tree.ts";
import type { Ext4Case } from "./ext4_cases.ts";

function manyEntries(count: number): CaseTree {
  const tree = new CaseTree().directory("large");
  for (let i = 0; i < count; i++) tree.file(`large/entry number ${i}`);
  return tree;
}

/** Every byte that a name can hold, each in a name of its own and all in one. */
function everyByte(tree: CaseTree): void {
  let all: ByteString = "";
  for (let byte = 1; byte < 256; byte++) {
    if (byte === 0x2f) continue;
    const name = String.fromCharCode(byte);
    all += name;
    if (name !== ".") tree.file(name, { size: byte });
  }
  tree.file(all);
}

/** Cases about names. */
export const NAME_CASES: readonly Ext4Case[] = [
  {
    name: "names of 1 to 255 bytes",
    build() {
      const tree = new CaseTree();
      for (const length of [1, 2, 3, 4, 5, 8, 247, 248, 254, 255]) {
        tree.file("n".repeat(length)).directory(`${"d".repeat(length - 1)}D`);
      }
      return tree.finish();
    },
  },
  {
    name: "names of every byte, not UTF-8, with spaces and control characters",
    build() {
      const tree = new CaseTree();
      everyByte(tree);
      tree.file("  leading and trailing  ").file("new\nline").file("tab\t").file("...")
        .file(utf8ByteString("größe ☃ 🦕")).file("\xff\xfe not UTF-8")
        .directory("\xc3\x28").file("\xc3\x28/\x80");
      return tree.finish();
    },
  },
  {
    name: "directory blocks filled to the last byte",
    build(blockSize) {
      const tree = new CaseTree();
      // Entries of 16 bytes: with the tail, without it, one less, one more.
      for (const spare of [24, 36, 12, 0]) {
        const directory = `spare ${spare}`;
        tree.directory(directory);
        const count = Math.floor((blockSize - spare) / 16);
        for (let i = 0; i < count; i++) tree.file(`${directory}/${String(i).padStart(8, "0")}`);
      }
      return tree.finish();
    },
  },
  { name: "a directory of 5,000 entries", build: () => manyEntries(5_000).finish() },
  { name: "a directory of 30,000 entries", peer: false, build: () => manyEntries(30_000).finish() },
  {
    name: "a directory of 100,000 entries",
    peer: false,
    build: () => manyEntries(100_000).finish(),
    blockSizes: [4096],
  },
  {
    name: "a directory of 1,000,000 entries",
    peer: false,
    // The kernel takes half a minute to show them all.
    without: ["kernel mount"],
    build: () => manyEntries(1_000_000).finish(),
    blockSizes: [4096],
  },
  {
    name: "a directory whose index needs three levels",
    peer: false,
    // Three names fill a block of 1024 bytes; two levels of index name 15,498 blocks.
    build() {
      const tree = new CaseTree().directory("long");
      for (let i = 0; i < 50_000; i++) tree.file(`long/${String(i).padStart(250, "n")}`);
      return tree.finish();
    },
    blockSizes: [1024],
  },
  {
    name: "directories around one and two blocks",
    build(blockSize) {
      const tree = new CaseTree();
      const perBlock = Math.floor((blockSize - 12 - 24) / 16);
      for (const count of [perBlock, perBlock + 1, 2 * perBlock, 2 * perBlock + 3]) {
        tree.directory(`${count}`);
        for (let i = 0; i < count; i++) tree.file(`${count}/${String(i).padStart(8, "0")}`);
      }
      return tree.finish();
    },
  },
  {
    name: "a directory of 2,000 names of 255 bytes",
    build() {
      const tree = new CaseTree().directory("long");
      for (let i = 0; i < 2000; i++) tree.file(`long/${String(i).padEnd(255, "\xe4")}`);
      return tree.finish();
    },
  },
  {
    name: "200 levels of directories",
    // Paths of more than 4095 bytes.
    peer: false,
    build() {
      const tree = new CaseTree();
      let path = "";
      for (let level = 0; level < 200; level++) {
        path += `${path === "" ? "" : "/"}level ${level} ${"x".repeat(level)}`;
        tree.directory(path).file(`${path}/file`, { size: level });
      }
      return tree.finish();
    },
  },
  {
    name: "symbolic links of 1, 59, 60, 61 bytes and of the longest target",
    build(blockSize) {
      const tree = new CaseTree();
      // A target fills at most a block with its NUL, and 4095 bytes are the limit of Linux.
      for (const length of [1, 58, 59, 60, 61, 255, 256, blockSize - 2, blockSize - 1]) {
        tree.symlink(`link ${length}`, "/t".repeat(length).slice(0, length));
      }
      return tree.symlink("not UTF-8", "\xff\x80 \n").finish();
    },
  },
  {
    name: "hard links to every kind of file",
    // mke2fs 1.47.0 copies a symbolic link for each of its names.
    peer: false,
    build: () =>
      new CaseTree()
        .directory("a").directory("b")
        .file("a/file", { size: 5000 })
        .symlink("a/symlink", "target")
        .symlink("a/slow symlink", "t".repeat(99))
        .device("a/device", "blockDevice", 7, 300)
        .special("a/fifo", "fifo")
        .special("a/socket", "socket")
        .link("b/file", "a/file").link("b/file 2", "a/file").link("file", "b/file")
        .link("b/symlink", "a/symlink").link("b/slow symlink", "a/slow symlink")
        .link("b/device", "a/device").link("b/fifo", "a/fifo").link("b/socket", "a/socket")
        .finish(),
  },
  {
    name: "a file of 65,000 names",
    peer: false,
    build() {
      const tree = new CaseTree().directory("names").file("file", { size: 10 });
      for (let i = 1; i < 65_000; i++) tree.link(`names/${i}`, "file");
      return tree.finish();
    },
    blockSizes: [4096],
  },
  {
    name: "64,998 sub-directories, the most that are counted",
    peer: false,
    // The next case shows the kernel as many.
    without: ["kernel mount"],
    build: () => subDirectories(64_998),
    blockSizes: [1024],
  },
  {
    name: "65,001 sub-directories, which are not counted",
    peer: false,
    build: () => subDirectories(65_001),
    blockSizes: [1024],
    // A directory of more than 65,000 links says 1 (feature dir_nlink).
    expect: (tree) => tree.root.children!.get("parent")!.linkCount = 1,
  },
  {
    name: "a lost+found of the tree's own",
    peer: false,
    build: () =>
      new CaseTree()
        .directory("lost+found", {
          permissions: 0o750,
          uid: 5,
          gid: 6,
          mtime: [1, 2],
          xattrs: { "user.a": "b" },
        })
        .directory("lost+found/kept").file("lost+found/found", { size: 100 })
        .finish(),
  },
  {
    name: "a lost+found that is a file",
    peer: false,
    build: () => new CaseTree().file("lost+found", { size: 100 }).finish(),
  },
];

function subDirectories(count: number) {
  const tree = new CaseTree().directory("parent");
  for (let i = 0; i < count; i++) tree.directory(`parent/${i}`);
  return tree.finish();
}
