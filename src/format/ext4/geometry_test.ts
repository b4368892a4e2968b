import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { backupGroups, Geometry, isBackupGroup, nextBackupGroup } from "./geometry.ts";

Deno.test("backupGroups() are 0, 1 and the powers of 3, 5 and 7", () => {
  deepStrictEqual(backupGroups(1), [0]);
  deepStrictEqual(
    backupGroups(2402),
    [0, 1, 3, 5, 7, 9, 25, 27, 49, 81, 125, 243, 343, 625, 729, 2187, 2401],
  );
  for (let group = 0; group < 700; group++) {
    strictEqual(isBackupGroup(group), nextBackupGroup(group) === group);
  }
});

Deno.test("Geometry starts group 0 at block 1 only with blocks of 1024 bytes", () => {
  const small = new Geometry(1024, 256, 64);
  deepStrictEqual([small.groupStart(0), small.groupStart(1)], [1, 8193]);
  deepStrictEqual([small.groupOf(8192), small.groupOf(8193)], [0, 1]);
  deepStrictEqual([small.groupCount(8193), small.groupCount(8194)], [1, 2]);
  const usual = new Geometry(4096, 256, 64);
  deepStrictEqual([usual.groupStart(3), usual.inodesPerBlock], [98304, 16]);
  deepStrictEqual([usual.descriptorBlocks(64), usual.descriptorBlocks(65)], [1, 2]);
});
