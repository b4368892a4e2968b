/**
 * The cases for archives and directories: those of ext4 that are not about the limits of a disk,
 * and some of their own.
 *
 * @module
 */
import type { FileTree } from "../../src/tree/file_tree.ts";
import { walk } from "../../src/tree/file_tree.ts";
import { type FileKind, NO_XATTRS } from "../../src/tree/inode.ts";
import { CaseTree } from "./case_tree.ts";
import { EXT4_CASES } from "./ext4_cases.ts";
import type { GeneratedContent } from "./generated_content.ts";
import type { WriteTreeOptions } from "./write_tree.ts";

/** One case. */
export interface ArchiveCase {
  /** Name in the names of tests. */
  readonly name: string;
  /** Makes the tree. */
  build(): FileTree<GeneratedContent>;
  /** How the tree is handed over. */
  readonly write?: WriteTreeOptions;
}

/** About what no archive minds, or what the disks of testing machines cannot hold. */
const LEFT_OUT = [
  /GiB/,
  /largest files/,
  /32,768 blocks/,
  /depth [23]/,
  /[13]0,000 entries|1,000,000|100,000|three levels/,
  /sub-directories/,
  /65,000 names/,
  /2\^32 - 1/,
  /from 1901|beyond 1901|2310/,
  /values|fill a block|50 attributes|around what an inode/,
  /same attributes/,
];

/** All cases; no file of theirs is large. */
export const ARCHIVE_CASES: readonly ArchiveCase[] = [
  ...EXT4_CASES.filter(({ name }) => !LEFT_OUT.some((it) => it.test(name))).map(
    ({ name, build, write }) => ({ name, build: () => build(4096), write }),
  ),
  { name: "names and targets around 100, 155 and 256 bytes", build: longNames },
  { name: "holes at the start, in the middle and at the end", build: holes },
  { name: "times before 1970 and after 2038, with fractions", build: times },
  { name: "owners beyond seven octal digits", build: owners },
  { name: "attributes of every class", build: attributes },
];

function longNames(): FileTree<GeneratedContent> {
  const tree = new CaseTree();
  for (const size of [98, 99, 100, 101, 155, 156, 255]) {
    const name = "n".repeat(size);
    tree.file(name, { size: 1 }).directory(`d${name.slice(1)}`.replace("dn", "dd"));
    tree.file(`d${name.slice(1)}`.replace("dn", "dd") + `/${"f".repeat(size)}`, { size: 2 });
    tree.symlink(`s${name.slice(1)}`, "t".repeat(size));
    tree.link(`h${name.slice(1)}`, name);
  }
  return tree.finish();
}

function holes(): FileTree<GeneratedContent> {
  const size = 3_000_000;
  return new CaseTree()
    .file("a start", { size, data: [[1_000_000, size]] })
    .file("b middle", { size, data: [[0, 4096], [2_000_000, size]] })
    .file("c end", { size, data: [[0, 5000]] })
    .file("d all", { size, data: [] })
    .file("e odd", { size, data: [[7, 11], [8191, 8193], [999_999, 1_000_001]] })
    .file("f written", { size, data: [[0, 1], [2_999_999, size]], writesZeros: true })
    .finish();
}

function times(): FileTree<GeneratedContent> {
  const tree = new CaseTree();
  const all = [[-1, 0], [-1, 500_000_000], [-1000, 1], [0, 1], [1, 999_999_999], [2 ** 32, 1000]];
  all.forEach(([seconds, nanoseconds], i) => {
    tree.file(`file ${i}`, { size: 1, mtime: [seconds, nanoseconds] });
    tree.directory(`directory ${i}`, { mtime: [seconds, nanoseconds] });
    tree.symlink(`link ${i}`, "x", { mtime: [seconds, nanoseconds] });
  });
  return tree.finish();
}

function owners(): FileTree<GeneratedContent> {
  const tree = new CaseTree();
  for (const id of [0, 65535, 2097151, 2097152, 2 ** 31, 2 ** 32 - 2]) {
    tree.file(`u${id}`, { uid: id }).directory(`g${id}`, { gid: id, uid: 1 });
  }
  return tree.finish();
}

function attributes(): FileTree<GeneratedContent> {
  const xattrs = {
    "user.a": "value",
    "user.empty": "",
    "user.bytes": "\0\n=\xff",
    "trusted.t": "t",
    "security.s": "s",
  };
  return new CaseTree()
    .file("file", { size: 3, xattrs })
    .directory("directory", { xattrs })
    .symlink("link", "x", { xattrs: { "trusted.t": "t" } })
    .finish();
}

/** Takes out the files of a kind that a format does not have; answers how many names they had. */
export function withoutKind(tree: FileTree<unknown>, kind: FileKind): number {
  let count = 0;
  for (const { name, inode, parent } of [...walk(tree)]) {
    if (inode.kind === kind && parent.children!.delete(name)) count++;
  }
  return count;
}

/** Leaves what a cpio has; answers the notices that this takes. */
export function takeOutCpioLosses(tree: FileTree<unknown>): string[] {
  let hasXattrs = false;
  let hasTimes = false;
  for (const { inode } of walk(tree)) {
    hasXattrs ||= inode.xattrs.length > 0;
    inode.xattrs = NO_XATTRS;
    const seconds = Math.min(2 ** 32 - 1, Math.max(0, inode.mtimeSeconds));
    hasTimes ||= seconds !== inode.mtimeSeconds;
    inode.mtimeSeconds = seconds;
    inode.mtimeNanoseconds = 0;
  }
  return [hasXattrs, hasTimes].filter((it) => it).map(() => "LOSS");
}
