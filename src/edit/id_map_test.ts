import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { ImageError } from "../image_error.ts";
import { FileKind, Inode } from "../tree/inode.ts";
import { IdMap, mapIds, MAX_ID } from "./id_map.ts";

const USERS = new IdMap("user", [
  { from: 1000, to: 5, count: 1 },
  { from: 0, to: 100_000, count: 1000 },
]);

Deno.test("IdMap maps the ends of its ranges and nothing beyond", () => {
  deepStrictEqual([0, 999, 1000].map((id) => USERS.map(id)), [100_000, 100_999, 5]);
  strictEqual(new IdMap("user", [{ from: MAX_ID, to: 0, count: 1 }]).map(MAX_ID), 0);
  throws(
    () => USERS.map(1001),
    (error) =>
      error instanceof ImageError && error.code === "LIMIT_EXCEEDED" &&
      /user id 1001: .* expected 0-999 or 1000-1000/.test(error.message),
  );
});

Deno.test("IdMap refuses ranges that overlap, are empty or too large", () => {
  const wrong = [
    [{ from: 0, to: 0, count: 2 }, { from: 1, to: 9, count: 1 }],
    [{ from: 0, to: 0, count: 0 }],
    [{ from: 1, to: 0, count: MAX_ID + 1 }],
    [{ from: 0, to: 1, count: MAX_ID + 1 }],
    [{ from: -1, to: 0, count: 1 }],
    [{ from: 0.5, to: 0, count: 1 }],
  ];
  for (const ranges of wrong) throws(() => new IdMap("user", ranges), RangeError);
});

Deno.test("mapIds() maps owner, group and the ids of ACLs", () => {
  const inode = new Inode(FileKind.regular, 0o644);
  inode.uid = 3;
  inode.gid = 4;
  // user::rw-, user:7:r--, group::r--, group:8:r--, mask::r--, other::r--
  const acl = (user: number, group: number) => {
    const view = new DataView(new ArrayBuffer(4 + 6 * 8));
    view.setUint32(0, 2, true);
    const none = 0xffff_ffff;
    const entries = [[1, 6, none], [2, 4, user], [4, 4, none], [8, 4, group], [16, 4, none]];
    [...entries, [32, 4, none]].forEach(([tag, permissions, id], i) => {
      view.setUint16(4 + 8 * i, tag, true);
      view.setUint16(6 + 8 * i, permissions, true);
      view.setUint32(8 + 8 * i, id, true);
    });
    return new Uint8Array(view.buffer);
  };
  const before = { name: "system.posix_acl_access", value: acl(7, 8) };
  const other = { name: "user.x", value: acl(7, 8) };
  inode.xattrs = [before, other];
  mapIds(inode, USERS, new IdMap("group", [{ from: 0, to: 50, count: 10 }]));
  deepStrictEqual([inode.uid, inode.gid], [100_003, 54]);
  deepStrictEqual(inode.xattrs, [{ name: before.name, value: acl(100_007, 58) }, other]);
  deepStrictEqual(before.value, acl(7, 8)); // Attributes are shared.
  mapIds(inode, null, null);
  strictEqual(inode.uid, 100_003);
});
