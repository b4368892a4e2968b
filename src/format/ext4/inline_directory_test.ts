import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { FileKind } from "../../tree/inode.ts";
import { inlineDirectoryValueSize, writeInlineDirectory } from "./inline_directory.ts";

const child = () => ({ number: 77, kind: FileKind.regular });

Deno.test("inlineDirectoryValueSize() counts what i_block does not hold", () => {
  strictEqual(inlineDirectoryValueSize([], 0), 0);
  strictEqual(inlineDirectoryValueSize(["n".repeat(48)], 0), 0);
  strictEqual(inlineDirectoryValueSize(["n".repeat(49)], 60), 60);
  strictEqual(inlineDirectoryValueSize(["n".repeat(49)], 59), null);
  const names = ["a", "b", "c", "d", "e", "f"];
  strictEqual(inlineDirectoryValueSize(names, 24), 24);
  strictEqual(inlineDirectoryValueSize(names, 23), null);
});

Deno.test("writeInlineDirectory() lets the last entry of each part reach to its end", () => {
  const bytes = new Uint8Array(60);
  const view = new DataView(bytes.buffer);
  const value = writeInlineDirectory(bytes, view, 0, 12, ["a", "long".repeat(11), "c"], child);
  strictEqual(view.getUint32(0, true), 12);
  deepStrictEqual([view.getUint32(4, true), view.getUint16(8, true)], [77, 56]);
  const rest = new DataView(value.buffer);
  deepStrictEqual([rest.getUint16(4, true), rest.getUint16(56, true), value.length], [52, 12, 64]);
});

Deno.test("writeInlineDirectory() fills an empty first part with an unused entry", () => {
  const bytes = new Uint8Array(60);
  const view = new DataView(bytes.buffer);
  strictEqual(writeInlineDirectory(bytes, view, 0, 2, [], child).length, 0);
  deepStrictEqual([view.getUint32(4, true), view.getUint32(8, true)], [0, 56]);
});
