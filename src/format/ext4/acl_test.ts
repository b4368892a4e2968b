import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { aclFromDisk, aclToDisk } from "./acl.ts";

// setfacl -m u:1000:rw,g:100:r of a 0644 file: as getxattr(2) gives it, and as ext4 stores it.
const NAMED = Uint8Array.fromHex(
  "02000000" + "01000600ffffffff" + "02000600e8030000" + "04000400ffffffff" +
    "0800040064000000" + "10000600ffffffff" + "20000400ffffffff",
);
const NAMED_DISK = Uint8Array.fromHex(
  "01000000" + "01000600" + "02000600e8030000" + "04000400" + "0800040064000000" + "10000600" +
    "20000400",
);

Deno.test("aclToDisk() and aclFromDisk() are inverse", () => {
  deepStrictEqual(aclToDisk(NAMED), NAMED_DISK);
  deepStrictEqual(aclFromDisk(NAMED_DISK), NAMED);
});

Deno.test("aclToDisk() says what is wrong with a malformed ACL", () => {
  const cases: [string, RegExp][] = [
    ["0200", /2 bytes, expected a header/],
    ["01000000", /version is 1, expected 2/],
    ["02000000" + "01000600", /expected 4 and a multiple of 8/],
    ["02000000", /0 owner entries/],
    ["02000000" + "03000600ffffffff", /tag 0x3/],
    ["02000000" + "01000800ffffffff", /permissions 0x8/],
    ["02000000" + "04000600ffffffff" + "01000600ffffffff", /out of order/],
    [
      "02000000" + "01000600ffffffff" + "02000600e8030000" + "04000400ffffffff" +
      "20000400ffffffff",
      /without a mask/,
    ],
  ];
  for (const [hex, expected] of cases) match(String(aclToDisk(Uint8Array.fromHex(hex))), expected);
  strictEqual(typeof aclFromDisk(NAMED_DISK.subarray(0, 10)), "string");
});
