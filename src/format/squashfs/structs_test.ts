import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { assertLayout } from "../../bytes/assert_layout.ts";
import * as directory from "./directory_entry.ts";
import * as fragment from "./fragment.ts";
import * as inode from "./inode.ts";
import * as superblock from "./superblock.ts";
import * as xattr from "./xattr.ts";

Deno.test("the superblock has the kernel's layout", () => {
  assertLayout(
    superblock.SUPERBLOCK_SIZE,
    [
      ["magic", 0x00, 4],
      ["inodeCount", 0x04, 4],
      ["createdSeconds", 0x08, 4],
      ["blockSize", 0x0c, 4],
      ["fragmentCount", 0x10, 4],
      ["compression", 0x14, 2],
      ["blockLog", 0x16, 2],
      ["flags", 0x18, 2],
      ["idCount", 0x1a, 2],
      ["majorVersion", 0x1c, 2],
      ["minorVersion", 0x1e, 2],
      ["rootInode", 0x20, 8],
      ["bytesUsed", 0x28, 8],
      ["idTableStart", 0x30, 8],
      ["xattrTableStart", 0x38, 8],
      ["inodeTableStart", 0x40, 8],
      ["directoryTableStart", 0x48, 8],
      ["fragmentTableStart", 0x50, 8],
      ["exportTableStart", 0x58, 8],
    ],
    superblock.writeSuperblock,
    superblock.readSuperblock,
  );
});

Deno.test("a table that is not there starts at all ones", () => {
  const view = new DataView(new ArrayBuffer(96));
  const empty = superblock.readSuperblock(view, 0);
  superblock.writeSuperblock(view, 0, { ...empty, xattrTableStart: superblock.NO_TABLE });
  strictEqual(view.getBigUint64(0x38, true), 2n ** 64n - 1n);
  strictEqual(superblock.readSuperblock(view, 0).xattrTableStart, superblock.NO_TABLE);
});

Deno.test("inodes have the kernel's layout", () => {
  assertLayout(
    inode.INODE_HEAD_SIZE,
    [
      ["type", 0, 2],
      ["permissions", 2, 2],
      ["uidIndex", 4, 2],
      ["gidIndex", 6, 2],
      ["mtimeSeconds", 8, 4],
      ["number", 12, 4],
    ],
    inode.writeInodeHead,
    inode.readInodeHead,
  );
  assertLayout(
    inode.DIRECTORY_INODE_SIZE,
    [
      ["startBlock", 16, 4],
      ["linkCount", 20, 4],
      ["size", 24, 2],
      ["offset", 26, 2],
      ["parent", 28, 4],
    ],
    inode.writeDirectoryInode,
    inode.readDirectoryInode,
  );
  assertLayout(
    inode.EXTENDED_DIRECTORY_INODE_SIZE,
    [
      ["linkCount", 16, 4],
      ["size", 20, 4],
      ["startBlock", 24, 4],
      ["parent", 28, 4],
      ["indexCount", 32, 2],
      ["offset", 34, 2],
      ["xattr", 36, 4],
    ],
    inode.writeExtendedDirectoryInode,
    inode.readExtendedDirectoryInode,
  );
  assertLayout(
    inode.REGULAR_INODE_SIZE,
    [["start", 16, 4], ["fragment", 20, 4], ["offset", 24, 4], ["size", 28, 4]],
    inode.writeRegularInode,
    inode.readRegularInode,
  );
  assertLayout(
    inode.EXTENDED_REGULAR_INODE_SIZE,
    [
      ["start", 16, 8],
      ["size", 24, 8],
      ["sparse", 32, 8],
      ["linkCount", 40, 4],
      ["fragment", 44, 4],
      ["offset", 48, 4],
      ["xattr", 52, 4],
    ],
    inode.writeExtendedRegularInode,
    inode.readExtendedRegularInode,
  );
});

Deno.test("lists of directories have the kernel's layout", () => {
  assertLayout(
    directory.DIRECTORY_HEADER_SIZE,
    [["countMinus1", 0, 4], ["startBlock", 4, 4], ["number", 8, 4]],
    directory.writeDirectoryHeader,
    directory.readDirectoryHeader,
  );
  assertLayout(
    directory.DIRECTORY_ENTRY_SIZE,
    [["offset", 0, 2], ["numberDelta", 2, 2], ["type", 4, 2], ["nameSizeMinus1", 6, 2]],
    directory.writeDirectoryEntry,
    directory.readDirectoryEntry,
  );
  assertLayout(
    directory.DIRECTORY_INDEX_SIZE,
    [["position", 0, 4], ["startBlock", 4, 4], ["nameSizeMinus1", 8, 4]],
    directory.writeDirectoryIndex,
    directory.readDirectoryIndex,
  );
});

Deno.test("numbers of inodes in entries are signed", () => {
  const view = new DataView(new ArrayBuffer(8));
  const entry = { offset: 1, numberDelta: -32768, type: 2, nameSizeMinus1: 3 };
  directory.writeDirectoryEntry(view, 0, entry);
  deepStrictEqual(directory.readDirectoryEntry(view, 0), entry);
});

Deno.test("entries of the fragment table have the kernel's layout", () => {
  assertLayout(
    fragment.FRAGMENT_ENTRY_SIZE,
    [["start", 0, 8], ["size", 8, 4]],
    fragment.writeFragmentEntry,
    fragment.readFragmentEntry,
  );
});

Deno.test("tables of attributes have the kernel's layout", () => {
  assertLayout(
    xattr.XATTR_SET_SIZE,
    [["reference", 0, 8], ["count", 8, 4], ["size", 12, 4]],
    xattr.writeXattrSet,
    xattr.readXattrSet,
  );
  assertLayout(
    xattr.XATTR_TABLE_HEAD_SIZE,
    [["entriesStart", 0, 8], ["count", 8, 4]],
    xattr.writeXattrTableHead,
    xattr.readXattrTableHead,
  );
});

Deno.test("device numbers have 12 bits of major and 20 of minor", () => {
  strictEqual(inode.encodeDevice(5, 1), 0x501);
  for (const [major, minor] of [[0, 0], [8, 300], [4095, 0], [4095, 1048575], [1, 255], [1, 256]]) {
    deepStrictEqual(inode.decodeDevice(inode.encodeDevice(major, minor)), { major, minor });
  }
});
