import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { assertLayout } from "../../bytes/assert_layout.ts";
import { direntSize, readDirent, readDirentTail, writeDirent, writeDirentTail } from "./dirent.ts";

Deno.test("dirent fields have the kernel's layout", () => {
  assertLayout(
    8,
    [["inode", 0, 4], ["recordLength", 4, 2], ["nameLength", 6, 1], ["fileType", 7, 1]],
    writeDirent,
    readDirent,
  );
});

Deno.test("writeDirentTail() writes an unused entry with the checksum behind", () => {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  strictEqual(readDirentTail(view, 2), undefined);
  writeDirentTail(view, 2, { checksum: 0x04030201 });
  deepStrictEqual([...bytes], [0, 0, 0, 0, 0, 0, 12, 0, 0, 0xde, 1, 2, 3, 4, 0, 0]);
  deepStrictEqual(readDirentTail(view, 2), { checksum: 0x04030201 });
});

Deno.test("direntSize() rounds up to 4 bytes", () => {
  deepStrictEqual([1, 2, 4, 5, 255].map(direntSize), [12, 12, 12, 16, 264]);
});
