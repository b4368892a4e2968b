/**
 * Images whose files all claim the same bytes: what they cost to open and to check is bounded by the
 * size of the image, not by its square.
 */
import { ok, throws } from "node:assert/strict";
import { divideUp } from "../../bytes/align.ts";
import { memorySource } from "../../io/memory_source.ts";
import { FileKind } from "../../tree/inode.ts";
import { directoryBlocks, writeDirectoryBlock } from "./directory_block.ts";
import { type CompactInode, DataLayout, inodeFormat, writeCompactInode } from "./inode.ts";
import { openErofs } from "./reader.ts";
import { emptySuperblock, SUPERBLOCK_OFFSET, writeSuperblock } from "./superblock.ts";

const BLOCK_SIZE = 512;
const FILES = 1000;
/** Blocks behind the directory that all files say to have. */
const SHARED_BLOCKS = 8;
const ROOT_NID = 1;

/** A directory of many files, each in 64 bytes with `fields`, which may tell of the last blocks. */
function imageOf(
  fieldsOf: (sharedBlock: number) => Partial<CompactInode>,
  kind: number,
): Uint8Array<ArrayBuffer> {
  const names = [".", ".."];
  for (let i = 0; i < FILES; i++) names.push(`${100_000 + i}`);
  const blocks = [...directoryBlocks(names, BLOCK_SIZE)];
  const metaBlock = 3;
  const directoryBlock = metaBlock + divideUp(64 * (FILES + 2), BLOCK_SIZE);
  const blockCount = directoryBlock + blocks.length + SHARED_BLOCKS;
  const bytes = new Uint8Array(blockCount * BLOCK_SIZE);
  const view = new DataView(bytes.buffer);
  writeSuperblock(view, SUPERBLOCK_OFFSET, {
    ...emptySuperblock(),
    blockSizeBits: 9,
    rootNidOrBlocksHigh: ROOT_NID,
    blocksLow: blockCount,
    metaBlock,
    featureIncompat: 7,
  });
  const nidOf = (name: string) => name.startsWith(".") ? ROOT_NID : 2 * names.indexOf(name);
  const base = { xattrCount: 0, linksOrHigh: 1, mtimeOffset: 0, ino: 0, uid: 0, gid: 0 };
  for (const name of names) {
    const isRoot = name.startsWith(".");
    writeCompactInode(view, metaBlock * BLOCK_SIZE + 32 * nidOf(name), {
      ...base,
      format: inodeFormat(DataLayout.flatPlain, false),
      mode: 0o040755,
      size: blocks.length * BLOCK_SIZE,
      union: directoryBlock,
      ...isRoot ? {} : fieldsOf(blockCount - SHARED_BLOCKS),
    });
  }
  blocks.forEach((block, i) => {
    const at = (directoryBlock + i) * BLOCK_SIZE;
    const entryOf = (name: string) => ({
      nid: nidOf(name),
      kind: name.startsWith(".") ? FileKind.directory : kind,
    });
    writeDirectoryBlock(bytes, view, at, names, block, entryOf);
  });
  bytes.fill(0x61, (blockCount - SHARED_BLOCKS) * BLOCK_SIZE);
  return bytes;
}

const REGULAR = 0o100644;

Deno.test("openErofs() reads a directory of files that claim little", () => {
  const bytes = imageOf((union) => ({ mode: 0o120777, size: 20, union }), FileKind.symlink);
  const { tree } = openErofs(memorySource(bytes));
  ok(tree.root.children!.size === FILES);
});

const BOMBS: readonly [string, Parameters<typeof imageOf>[0], number][] = [
  [
    "targets that are the same bytes",
    (union) => ({ mode: 0o120777, size: 4000, union }),
    FileKind.symlink,
  ],
  [
    "maps that are the same bytes",
    () => ({
      format: inodeFormat(DataLayout.chunkBased, false),
      mode: REGULAR,
      size: 1000 * BLOCK_SIZE,
      union: 0,
    }),
    FileKind.regular,
  ],
  [
    "indexes that are the same bytes",
    () => ({
      format: inodeFormat(DataLayout.compressedFull, false),
      mode: REGULAR,
      size: 500 * BLOCK_SIZE,
    }),
    FileKind.regular,
  ],
];
for (const [what, fieldsOf, kind] of BOMBS) {
  Deno.test(`openErofs() refuses files with ${what}`, () => {
    const bytes = imageOf(fieldsOf, kind);
    throws(() => openErofs(memorySource(bytes)), /have \d+ bytes so far, expected at most/);
  });
}
