import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { assertLayout } from "../../bytes/assert_layout.ts";
import {
  joinXattrName,
  readXattrBlockHeader,
  readXattrEntry,
  splitXattrName,
  writeXattrBlockHeader,
  writeXattrEntry,
  xattrBlockHash,
  xattrEaInodeHash,
  xattrEntryHash,
} from "./xattr.ts";

Deno.test("xattr structs have the kernel's layout", () => {
  assertLayout(
    32,
    [["magic", 0, 4], ["refcount", 4, 4], ["blocks", 8, 4], ["hash", 12, 4], ["checksum", 16, 4]],
    writeXattrBlockHeader,
    readXattrBlockHeader,
  );
  assertLayout(
    16,
    [
      ["nameLength", 0, 1],
      ["nameIndex", 1, 1],
      ["valueOffset", 2, 2],
      ["valueInode", 4, 4],
      ["valueSize", 8, 4],
      ["hash", 12, 4],
    ],
    writeXattrEntry,
    readXattrEntry,
  );
});

Deno.test("splitXattrName() and joinXattrName() know every prefix", () => {
  const rows: [string, number, string][] = [
    ["user.a", 1, "a"],
    ["system.posix_acl_access", 2, ""],
    ["system.posix_acl_default", 3, ""],
    ["trusted.overlay.opaque", 4, "overlay.opaque"],
    ["security.capability", 6, "capability"],
    ["system.data", 7, "data"],
    ["system.posix_acl_access2", 7, "posix_acl_access2"],
    ["system.richacl", 8, ""],
  ];
  for (const [name, index, suffix] of rows) {
    deepStrictEqual(splitXattrName(name), { index, suffix });
    strictEqual(joinXattrName(index, suffix), name);
  }
  for (const name of ["user.", "usera", "btrfs.compression", ""]) {
    strictEqual(splitXattrName(name), undefined);
  }
  strictEqual(joinXattrName(0, "x"), undefined);
  strictEqual(joinXattrName(2, "x"), undefined);
});

Deno.test("xattr hashes follow ext2fs_ext_attr_hash_entry", () => {
  strictEqual(xattrEntryHash("a", new Uint8Array(0)), 0x61);
  strictEqual(xattrEntryHash("ab", new Uint8Array(0)), 0x61 * 32 ^ 0x62);
  strictEqual(xattrEntryHash("a", Uint8Array.of(1, 2, 3)), (0x61 << 16 ^ 0x030201) >>> 0);
  strictEqual(xattrEntryHash("\xff", new Uint8Array(0)), 0xff);
  strictEqual(xattrEntryHash("\xff", new Uint8Array(0), true), 0xffff_ffff);
  strictEqual(xattrEaInodeHash("\x80", 1, true), ((-128 << 16 | -128 >>> 16) ^ 1) >>> 0);
  strictEqual(xattrBlockHash([1, 2]), 1 << 16 ^ 2);
  strictEqual(xattrBlockHash([1, 0]), 0);
});
