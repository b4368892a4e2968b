import { throws } from "node:assert/strict";
import { checkEdits } from "./check_edits.ts";
import type { ImageEdits } from "./image_edits.ts";

Deno.test("checkEdits() lets through what can be meant", () => {
  checkEdits({});
  checkEdits({
    add: [{ from: "x", to: "/a/" }, { from: new Uint8Array(), to: "/b", permissions: 0o7777 }],
    exclude: ["*"],
    owner: { uid: 0, gid: 0xffff_fffe },
    mtime: { seconds: -1 },
  });
});

Deno.test("checkEdits() refuses what cannot be meant", () => {
  const bytes = new Uint8Array();
  const wrong: ImageEdits[] = [
    { add: [{ from: "x", to: "relative" }] },
    { add: [{ from: "x", to: "/a/../b" }] },
    { add: [{ from: "x", to: "/a\0b" }] },
    { add: [{ from: "x", to: `/${"a".repeat(256)}` }] },
    { add: [{ from: "x", to: "/a", permissions: 0o10000 }] },
    { add: [{ from: "x", to: "/a", owner: { uid: 0xffff_ffff, gid: 0 } }] },
    { add: [{ from: bytes, to: "/a/" }] },
    { add: [{ from: bytes, to: "/" }] },
    { add: [{ from: bytes, to: "/a", kind: "directory" }] },
    { exclude: ["/"] },
    { owner: { uid: 1.5, gid: 0 } },
    { uidMap: [{ from: 0, to: 0, count: 0 }] },
    { gidMap: [{ from: 0, to: 0, count: 0 }] },
    { mtime: { seconds: 0.5 } },
    { hostname: "a b" },
  ];
  for (const edits of wrong) {
    throws(
      () => checkEdits(edits),
      (error) => error instanceof TypeError || error instanceof RangeError,
      JSON.stringify(edits),
    );
  }
});
