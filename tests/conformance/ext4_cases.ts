/**
 * The trees of the ext4 conformance matrix: boundary values and every kind of file.
 *
 * @module
 */
import type { Ext4Options } from "../../src/format/ext4/format.ts";
import type { FileTree } from "../../src/tree/file_tree.ts";
import { CaseTree } from "./case_tree.ts";
import { CONTENT_CASES } from "./ext4_content_cases.ts";
import type { GeneratedContent } from "./generated_content.ts";
import { NAME_CASES } from "./ext4_name_cases.ts";
import { METADATA_CASES } from "./ext4_metadata_cases.ts";
import type { WriteTreeOptions } from "./write_tree.ts";

/** One case. */
export interface Ext4Case {
  /** Name in the names of tests. */
  readonly name: string;
  /** Makes the tree for a block size. */
  build(blockSize: number): FileTree<GeneratedContent>;
  /** Block sizes it is for; all when absent. */
  readonly blockSizes?: readonly number[];
  /** Options of the format. */
  readonly options?: (blockSize: number) => Ext4Options;
  /** How the tree is handed over. */
  readonly write?: WriteTreeOptions;
  /** Turns what was written into what must be found, where that is not the same. */
  readonly expect?: (tree: FileTree<GeneratedContent>) => void;
  /** Judges that are wrong about this case, by name; the case says why. */
  readonly without?: readonly string[];
  /** `false` where `mke2fs -d` takes minutes or makes something else. */
  readonly peer?: boolean;
  /** Notices that are expected, by code. */
  readonly notices?: readonly string[];
}

/** Block sizes of the matrix. */
export const BLOCK_SIZES: readonly number[] = [1024, 2048, 4096];

/** All cases. */
export const EXT4_CASES: readonly Ext4Case[] = [
  { name: "empty tree", build: () => new CaseTree().finish() },
  { name: "every kind of file", build: everyKind },
  ...CONTENT_CASES,
  ...NAME_CASES,
  ...METADATA_CASES,
];

/** A tree of all kinds with ordinary metadata: what every maker can write. */
export function everyKind(): FileTree<GeneratedContent> {
  return new CaseTree()
    .directory("directory", { permissions: 0o1777, mtime: 1_500_000_000 })
    .file("directory/empty")
    .file("directory/file", { size: 10_000, uid: 1000, gid: 100, xattrs: { "user.a": "b" } })
    .file("directory/setuid", { size: 1, permissions: 0o6755 })
    .symlink("fast", "directory/file")
    .symlink("slow", "x/".repeat(100), { mtime: 1 })
    .device("character", "characterDevice", 5, 1)
    .device("block", "blockDevice", 8, 17)
    .special("fifo", "fifo")
    .special("socket", "socket")
    .link("again", "directory/file")
    .finish();
}
