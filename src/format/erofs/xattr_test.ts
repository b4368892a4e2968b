import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { assertLayout } from "../../bytes/assert_layout.ts";
import {
  joinXattrName,
  readXattrEntry,
  readXattrHeader,
  splitXattrName,
  writeXattrEntry,
  writeXattrHeader,
  XATTR_ENTRY_SIZE,
  XATTR_HEADER_SIZE,
  xattrCount,
  xattrEntrySize,
  xattrSize,
} from "./xattr.ts";
import { EMPTY_XATTR_FILTER, xattrFilter, xattrFilterBit } from "./xattr_filter.ts";

Deno.test("xattr structs have the kernel's layout", () => {
  assertLayout(
    XATTR_HEADER_SIZE,
    [["nameFilter", 0, 4], ["sharedCount", 4, 1]],
    writeXattrHeader,
    readXattrHeader,
  );
  assertLayout(
    XATTR_ENTRY_SIZE,
    [["nameLength", 0, 1], ["nameIndex", 1, 1], ["valueSize", 2, 2]],
    writeXattrEntry,
    readXattrEntry,
  );
});

Deno.test("splitXattrName() knows the prefixes, joinXattrName() puts them back", () => {
  const rows: [string, number, string][] = [
    ["user.a", 1, "a"],
    ["system.posix_acl_access", 2, ""],
    ["system.posix_acl_default", 3, ""],
    ["trusted.x", 4, "x"],
    ["lustre.x", 5, "x"],
    ["security.capability", 6, "capability"],
    ["system.nfs4_acl", 0, "system.nfs4_acl"],
    ["system.posix_acl_accesses", 0, "system.posix_acl_accesses"],
  ];
  for (const [name, index, suffix] of rows) {
    deepStrictEqual(splitXattrName(name), { index, suffix });
    strictEqual(joinXattrName(index, suffix), name);
  }
  strictEqual(joinXattrName(2, "x"), undefined);
  strictEqual(joinXattrName(7, "x"), undefined);
});

Deno.test("xattrCount() counts words behind the header, and one for the header", () => {
  deepStrictEqual([0, 12, 16, 64].map(xattrCount), [0, 1, 2, 14]);
  deepStrictEqual([0, 1, 2, 14].map(xattrSize), [0, 12, 16, 64]);
  strictEqual(xattrEntrySize(3, 2), 12);
  strictEqual(xattrEntrySize(4, 0), 8);
});

Deno.test("xattrFilter() clears the bit of every name", () => {
  const names = [splitXattrName("user.a"), splitXattrName("security.selinux")];
  const filter = xattrFilter(names);
  for (const name of names) strictEqual(filter >>> xattrFilterBit(name) & 1, 0);
  strictEqual(xattrFilter([]), EMPTY_XATTR_FILTER);
});
