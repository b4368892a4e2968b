import { strictEqual } from "node:assert/strict";
import { assertLayout } from "../../bytes/assert_layout.ts";
import {
  DataLayout,
  INODE_COMPACT_SIZE,
  INODE_EXTENDED_SIZE,
  inodeFormat,
  layoutOf,
  readCompactInode,
  readExtendedInode,
  writeCompactInode,
  writeExtendedInode,
} from "./inode.ts";

Deno.test("compact inode fields have the kernel's layout", () => {
  assertLayout(
    INODE_COMPACT_SIZE,
    [
      ["format", 0, 2],
      ["xattrCount", 2, 2],
      ["mode", 4, 2],
      ["linksOrHigh", 6, 2],
      ["size", 8, 4],
      ["mtimeOffset", 12, 4],
      ["union", 16, 4],
      ["ino", 20, 4],
      ["uid", 24, 2],
      ["gid", 26, 2],
    ],
    writeCompactInode,
    readCompactInode,
  );
});

Deno.test("extended inode fields have the kernel's layout", () => {
  assertLayout(
    INODE_EXTENDED_SIZE,
    [
      ["format", 0, 2],
      ["xattrCount", 2, 2],
      ["mode", 4, 2],
      ["blockHigh", 6, 2],
      ["size", 8, 8],
      ["union", 16, 4],
      ["ino", 20, 4],
      ["uid", 24, 4],
      ["gid", 28, 4],
      ["mtimeSeconds", 32, 8],
      ["mtimeNanoseconds", 40, 4],
      ["links", 44, 4],
    ],
    writeExtendedInode,
    readExtendedInode,
  );
});

Deno.test("inodeFormat() has the version in bit 0 and the layout above", () => {
  strictEqual(inodeFormat(DataLayout.chunkBased, true), 9);
  strictEqual(inodeFormat(DataLayout.flatInline, false), 4);
  strictEqual(layoutOf(inodeFormat(DataLayout.compressedCompact, true)), 3);
});
