import { deepStrictEqual } from "node:assert/strict";
import { assertLayout } from "../../bytes/assert_layout.ts";
import {
  HTREE_NODE_ENTRIES_OFFSET,
  HTREE_ROOT_ENTRIES_OFFSET,
  htreeLimit,
  readHtreeCountLimit,
  readHtreeEntry,
  readHtreeInfo,
  writeHtreeCountLimit,
  writeHtreeEntry,
  writeHtreeInfo,
} from "./htree.ts";

Deno.test("htree structs have the kernel's layout", () => {
  assertLayout(
    8,
    [["hashVersion", 4, 1], ["infoLength", 5, 1], ["indirectLevels", 6, 1], ["unusedFlags", 7, 1]],
    writeHtreeInfo,
    readHtreeInfo,
  );
  assertLayout(
    8,
    [["limit", 0, 2], ["count", 2, 2], ["block", 4, 4]],
    writeHtreeCountLimit,
    readHtreeCountLimit,
  );
  assertLayout(8, [["hash", 0, 4], ["block", 4, 4]], writeHtreeEntry, readHtreeEntry);
});

Deno.test("htreeLimit() is what e2fsck demands for root and interior blocks", () => {
  const limits = (offset: number, tail: boolean) => htreeLimit(4096, offset, tail);
  deepStrictEqual(
    [
      limits(HTREE_ROOT_ENTRIES_OFFSET, true),
      limits(HTREE_ROOT_ENTRIES_OFFSET, false),
      limits(HTREE_NODE_ENTRIES_OFFSET, true),
      limits(HTREE_NODE_ENTRIES_OFFSET, false),
    ],
    [507, 508, 510, 511],
  );
});
