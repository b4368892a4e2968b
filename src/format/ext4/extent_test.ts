import { strictEqual } from "node:assert/strict";
import { assertLayout } from "../../bytes/assert_layout.ts";
import {
  extentsPerBlock,
  readExtentHeader,
  readExtentIndex,
  readExtentLeaf,
  writeExtentHeader,
  writeExtentIndex,
  writeExtentLeaf,
} from "./extent.ts";

Deno.test("extent structs have the kernel's layout", () => {
  assertLayout(
    12,
    [["magic", 0, 2], ["entries", 2, 2], ["max", 4, 2], ["depth", 6, 2], ["generation", 8, 4]],
    writeExtentHeader,
    readExtentHeader,
  );
  assertLayout(
    12,
    [["logicalBlock", 0, 4], ["length", 4, 2], ["startBlock", 8, 4, 6, 2]],
    writeExtentLeaf,
    readExtentLeaf,
  );
  assertLayout(
    12,
    [["logicalBlock", 0, 4], ["childBlock", 4, 4, 8, 2]],
    writeExtentIndex,
    readExtentIndex,
  );
});

Deno.test("extentsPerBlock() leaves room for the header and the checksum", () => {
  strictEqual(extentsPerBlock(1024), 84);
  strictEqual(extentsPerBlock(2048), 169);
  strictEqual(extentsPerBlock(4096), 340);
});
