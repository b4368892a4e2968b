/**
 * Faults that are planted in a good ext4 image, each with the judges that must see it.
 *
 * @module
 */
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { checksumSeed, htreeChecksum, inodeSeed } from "../../src/format/ext4/checksum.ts";
import type { FileTree } from "../../src/tree/file_tree.ts";
import { mustRun, runTool } from "../run_tool.ts";
import { CaseTree } from "./case_tree.ts";
import type { GeneratedContent } from "./generated_content.ts";

/** Block size of the image that the faults are planted in. */
export const FAULT_BLOCK_SIZE = 1024;

/** One fault. */
export interface Fault {
  /** What is wrong afterwards. */
  readonly name: string;
  /** Changes the image. */
  plant(image: string): void;
  /** Judges that must complain. */
  readonly seenBy: readonly ("e2fsck" | "kernel mount" | "reader")[];
  /** What the complaints of the kernel and of our reader must say. */
  readonly sign: RegExp;
}

/** The good tree. */
export function faultTree(): FileTree<GeneratedContent> {
  const tree = new CaseTree().directory("indexed");
  for (let i = 0; i < 200; i++) tree.file(`indexed/a longer name for file number ${i}`);
  return tree
    .directory("directory")
    .file("directory/inner", { size: 10 })
    .file("file", {
      size: 10_000,
      mtime: [1000, 1000],
      xattrs: { "user.a": "value", "user.b": "" },
    })
    .file("other", { size: 10_000 })
    .file("scattered", { data: Array.from({ length: 50 }, (_, i) => [i * 4096, i * 4096 + 10]) })
    .file("attributes", { xattrs: { "user.large": "x".repeat(500) } })
    .symlink("fast", "target")
    .symlink("slow", "t".repeat(100))
    .device("device", "characterDevice", 5, 1)
    .special("fifo", "fifo")
    .link("again", "file")
    .finish();
}

const COMPARED = ["kernel mount", "reader"] as const;
/** Our reader's word, EBADMSG of the kernel, failure to mount, and what the kernel logs. */
const BAD_CHECKSUM =
  /checksum is|error number is 74|Cannot run mount|fails checksum|Checksum for group/;
const ALL = ["e2fsck", "kernel mount", "reader"] as const;

/** At least one fault for each field that is compared, and for each checksum. */
export const FAULTS: readonly Fault[] = [
  edit("permissions", /permissions: 0644 \| 0600/, "sif /file mode 0100600", COMPARED),
  edit("set-user-ID lost", /permissions: 0644 \| 4644/, "sif /file mode 0104644", COMPARED),
  edit("uid", /uid: 0 \| 7/, "sif /file uid 7", COMPARED),
  edit("gid", /directory: gid: 0 \| 7/, "sif /directory gid 7", COMPARED),
  edit("size, one less", /size: 10000 \| 9999/, "sif /file size 9999", COMPARED),
  edit("size, one block less", /size: 10000 \| 1000/, "sif /file size 1000", ALL),
  edit("mtime", /mtime: 1000 s/, "sif /file mtime @1001", COMPARED),
  edit(
    "mtime, one nanosecond",
    /1000 ns \| 1000 s \+ 1001 ns/,
    `sif /file mtime_extra ${1001 * 4}`,
    COMPARED,
  ),
  edit("mtime of a directory", /directory: mtime/, "sif /directory mtime @5", COMPARED),
  edit("atime", /atime/, "sif /file atime @5", COMPARED),
  edit("link count", /again: linkCount: 2 \| 3/, "sif /file links_count 3", ALL),
  edit("link count of a directory", /directory: linkCount/, "sif /directory links_count 3", ALL),
  edit("i_blocks", /./, "sif /file blocks 2", ["e2fsck"]),
  edit("deleted inode", /0 links/, "sif /other links_count 0", ["e2fsck", "reader"]),
  edit(
    "symbolic link's target",
    /target: target \| sarget/,
    "sif /fast block[0] 0x67726173",
    COMPARED,
  ),
  edit("device number", /device: 5:1 \| 5:2/, "sif /device block[0] 0x0502", COMPARED),
  edit("kind", /kind: fifo \| socket|file type is 5, expected 6/, "sif /fifo mode 0140640", ALL),
  edit("attribute lost", /xattr user.b: 0x \| absent/, "ea_rm /file user.b", COMPARED),
  edit(
    "attribute's value",
    /xattr user.a: 0x76616c7565 \| 0x76616c7545/,
    "ea_set /file user.a valuE",
    COMPARED,
  ),
  edit("attribute too many", /xattr user.c/, "ea_set /file user.c x", COMPARED),
  edit(
    "attribute's value in a block",
    /xattr user.large/,
    "ea_set /attributes user.large y",
    COMPARED,
  ),
  edit("name lost", /fast: only in a/, "unlink /fast", ALL),
  edit(
    "hard link to another file",
    /other: link: first name \| same as .again|it has another name/,
    "unlink /again\nln /other /again",
    ALL,
  ),
  edit("name too many", /new: only in b/, "mkdir /directory/new", COMPARED),
  edit("flags", /./, "sif /fifo flags 0x80000", ["e2fsck"]),
  edit("extents out of order", /other: content/, "sif /other block[3] 5", ALL),
  edit(
    "block outside the image",
    /error number is 117|2147483647/,
    "sif /other block[5] 0x7fffffff",
    ALL,
  ),
  {
    name: "a block of two files",
    sign: /content: 0x|it is claimed twice/,
    seenBy: ALL,
    plant(image) {
      const block = blockOf(image, "/file", 0) / FAULT_BLOCK_SIZE;
      edit("", /./, `sif /other block[5] ${block}`, []).plant(image);
    },
  },
  {
    name: "a block of a file that is a bitmap",
    sign: /content: 0x|it is claimed twice|Cannot stat/,
    seenBy: ALL,
    plant(image) {
      const block = tableOf(image, "Block bitmap") / FAULT_BLOCK_SIZE;
      edit("", /./, `sif /other block[5] ${block}`, []).plant(image);
    },
  },
  flip("content", /content: 0x/, (image) => blockOf(image, "/file", 3), 17, COMPARED),
  flip(
    "slow symbolic link's target",
    /slow: target: t/,
    (image) => blockOf(image, "/slow", 0),
    99,
    COMPARED,
  ),
  flip("superblock's checksum", BAD_CHECKSUM, () => 1024, 0x3fc, ALL),
  flip("descriptor's checksum", BAD_CHECKSUM, () => 2048, 0x1e, ALL),
  flip("block bitmap", BAD_CHECKSUM, (image) => tableOf(image, "Block bitmap"), 3, [
    "e2fsck",
    "reader",
  ]),
  flip(
    "padding of the block bitmap",
    BAD_CHECKSUM,
    (image) => tableOf(image, "Block bitmap", true),
    1023,
    [
      "e2fsck",
      "reader",
    ],
  ),
  flip("inode bitmap", BAD_CHECKSUM, (image) => tableOf(image, "Inode bitmap"), 9, [
    "e2fsck",
    "reader",
  ]),
  flip(
    "padding of the inode bitmap",
    /behind its end/,
    (image) => tableOf(image, "Inode bitmap"),
    1023,
    [
      "e2fsck",
      "reader",
    ],
  ),
  flip("inode's checksum", BAD_CHECKSUM, (image) => inodePosition(image, "/file"), 0x7c, ALL),
  flip("inode's high checksum", BAD_CHECKSUM, (image) => inodePosition(image, "/file"), 0x82, ALL),
  flip(
    "extent block's checksum",
    BAD_CHECKSUM,
    (image) => extentBlockOf(image, "/scattered"),
    1020,
    ALL,
  ),
  flip("extent block", BAD_CHECKSUM, (image) => extentBlockOf(image, "/scattered"), 20, ALL),
  flip(
    "directory block's checksum",
    BAD_CHECKSUM,
    (image) => blockOf(image, "/directory", 0),
    1020,
    ALL,
  ),
  flip(
    "directory block",
    BAD_CHECKSUM,
    (image) => blockOf(image, "/directory", 0),
    12 + 12 + 9,
    ALL,
  ),
  flip("index's checksum", BAD_CHECKSUM, (image) => blockOf(image, "/indexed", 0), 1020, ALL),
  flip("index", BAD_CHECKSUM, (image) => blockOf(image, "/indexed", 0), 0x28, ALL),
  hash("a hash of the index that is a little larger", 0x2c, 0x100_0000),
  hash("a leaf that stands for another one", 0x2c, 0, 1),
  flip(
    "attribute block's checksum",
    BAD_CHECKSUM,
    (image) => xattrBlockOf(image, "/attributes"),
    0x10,
    ALL,
  ),
  flip(
    "attribute block's value",
    BAD_CHECKSUM,
    (image) => xattrBlockOf(image, "/attributes"),
    1000,
    ALL,
  ),
];

/** A fault that `debugfs` plants, with all checksums right. */
function edit(name: string, sign: RegExp, commands: string, seenBy: Fault["seenBy"]): Fault {
  return {
    name,
    sign,
    seenBy,
    plant(image) {
      const { status, stderr } = runTool("debugfs", ["-w", "-f", "-", image], {
        input: `${commands}\n`,
      });
      const complaints = stderr.split("\n").filter((line) => !/^(debugfs .*)?$/.test(line));
      if (status !== 0 || complaints.length > 0) throw new Error(complaints.join("\n"));
    },
  };
}

/** A fault that changes one bit of the byte at `offset` behind a position of the image. */
function flip(
  name: string,
  sign: RegExp,
  find: (image: string) => number,
  offset: number,
  seenBy: Fault["seenBy"],
): Fault {
  return {
    name,
    sign,
    seenBy,
    plant(image) {
      const position = find(image) + offset;
      const file = openSync(image, "r+");
      const byte = new Uint8Array(1);
      readSync(file, byte, 0, 1, position);
      byte[0] ^= 4;
      writeSync(file, byte, 0, 1, position);
      closeSync(file);
    },
  };
}

/**
 * A fault in the index of a directory, with its checksum right: a word of block 0 is raised by
 * `hashAdded` at `offset` - 4, or the number of a block at `offset` by `blockAdded`.
 */
function hash(name: string, offset: number, hashAdded: number, blockAdded = 0): Fault {
  return {
    name,
    sign: /is in the wrong block|entry names block|indexed.*: only in a: regular/,
    seenBy: ALL,
    plant(image) {
      const position = blockOf(image, "/indexed", 0);
      const file = openSync(image, "r+");
      const bytes = new Uint8Array(FAULT_BLOCK_SIZE);
      readSync(file, bytes, 0, bytes.length, position);
      const view = new DataView(bytes.buffer);
      view.setUint32(offset - 4, view.getUint32(offset - 4, true) + hashAdded, true);
      view.setUint32(offset, view.getUint32(offset, true) + blockAdded, true);
      const uuid = new Uint8Array(16);
      readSync(file, uuid, 0, 16, 1024 + 0x68);
      const number = numberIn(ask(image, "stat /indexed"), /Inode: (\d+)/);
      const seed = inodeSeed(checksumSeed(uuid), number, 0);
      const count = view.getUint16(0x22, true);
      const checksum = htreeChecksum(seed, bytes, 0, 0x20 + 8 * count, 0);
      view.setUint32(FAULT_BLOCK_SIZE - 4, checksum, true);
      writeSync(file, bytes, 0, bytes.length, position);
      closeSync(file);
    },
  };
}

function ask(image: string, request: string): string {
  return mustRun("debugfs", ["-R", request, image]);
}

function numberIn(text: string, pattern: RegExp): number {
  const found = pattern.exec(text);
  if (found === null) throw new Error(`Cannot find ${pattern} in "${text}"`);
  return Number(found[1]);
}

/** Position of a block of a file. */
function blockOf(image: string, path: string, index: number): number {
  const blocks = ask(image, `blocks ${path}`).trim().split(/\s+/);
  return Number(blocks[index]) * FAULT_BLOCK_SIZE;
}

function extentBlockOf(image: string, path: string): number {
  // The first index entry: "0/ 1   1/  2     0 -    35    54"
  const text = ask(image, `ex ${path}`);
  return numberIn(text, /^ *0\/ *\d+ +1\/ *\d+ +\d+ - +\d+ +(\d+)/m) * FAULT_BLOCK_SIZE;
}

function xattrBlockOf(image: string, path: string): number {
  return numberIn(ask(image, `stat ${path}`), /File ACL: (\d+)/) * FAULT_BLOCK_SIZE;
}

function inodePosition(image: string, path: string): number {
  const text = ask(image, `imap ${path}`);
  return numberIn(text, /located at block (\d+)/) * FAULT_BLOCK_SIZE +
    numberIn(text, /offset (0x[0-9a-f]+)/);
}

/** Position of a table of the first or last group. */
function tableOf(image: string, table: string, isLast = false): number {
  const found = [...mustRun("dumpe2fs", [image]).matchAll(new RegExp(`${table} at (\\d+)`, "g"))];
  return Number(found[isLast ? found.length - 1 : 0][1]) * FAULT_BLOCK_SIZE;
}
