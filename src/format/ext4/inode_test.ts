import { deepStrictEqual } from "node:assert/strict";
import { assertLayout, type LayoutRow } from "../../bytes/assert_layout.ts";
import { type DiskInode, readInode, writeInode, zeroInode } from "./inode.ts";

const GOOD_OLD_ROWS: LayoutRow<DiskInode>[] = [
  ["mode", 0x00, 2],
  ["uid", 0x02, 2, 0x78, 2],
  ["size", 0x04, 4, 0x6c, 4],
  ["atime", 0x08, 4],
  ["ctime", 0x0c, 4],
  ["mtime", 0x10, 4],
  ["dtime", 0x14, 4],
  ["gid", 0x18, 2, 0x7a, 2],
  ["linksCount", 0x1a, 2],
  ["blocks", 0x1c, 4, 0x74, 2],
  ["flags", 0x20, 4],
  ["version", 0x24, 4],
  ["generation", 0x64, 4],
  ["fileAcl", 0x68, 4, 0x76, 2],
];

Deno.test("inode fields stand where struct ext4_inode has them", () => {
  assertLayout(
    256,
    [
      ...GOOD_OLD_ROWS,
      ["checksum", 0x7c, 2, 0x82, 2],
      ["extraIsize", 0x80, 2],
      ["ctimeExtra", 0x84, 4],
      ["mtimeExtra", 0x88, 4],
      ["atimeExtra", 0x8c, 4],
      ["crtime", 0x90, 4],
      ["crtimeExtra", 0x94, 4],
      ["versionHigh", 0x98, 4],
      ["projectId", 0x9c, 4],
    ],
    writeInode,
    (view, at) => readInode(view, at, 256),
    { base: { extraIsize: 32 } },
  );
});

Deno.test("writeInode() leaves what is behind 128 bytes alone without extraIsize", () => {
  const bytes = new Uint8Array(160).fill(0xa5);
  const view = new DataView(bytes.buffer);
  writeInode(view, 0, { ...zeroInode(), crtime: 5, checksum: 0x1_0002 });
  deepStrictEqual(bytes.subarray(128), new Uint8Array(32).fill(0xa5));
  const read = readInode(view, 0, 128);
  deepStrictEqual([read.crtime, read.extraIsize, read.checksum], [0, 0, 2]);
});

Deno.test("readInode() gives 0 for fields that i_extra_isize does not cover", () => {
  const view = new DataView(new Uint8Array(256).fill(0xff).buffer);
  view.setUint16(0x80, 8, true);
  const read = readInode(view, 0, 256);
  deepStrictEqual([read.ctimeExtra, read.mtimeExtra, read.checksum], [0xffffffff, 0, 0xffffffff]);
});
