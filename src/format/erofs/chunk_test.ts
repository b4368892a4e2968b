import { strictEqual } from "node:assert/strict";
import { assertLayout } from "../../bytes/assert_layout.ts";
import {
  CHUNK_INDEX_SIZE,
  readBlockMapEntry,
  readChunkIndex,
  writeBlockMapEntry,
  writeChunkIndex,
} from "./chunk.ts";

Deno.test("chunk indexes have the kernel's layout", () => {
  assertLayout(
    CHUNK_INDEX_SIZE,
    [["startBlockHigh", 0, 2], ["deviceId", 2, 2], ["startBlock", 4, 4]],
    writeChunkIndex,
    readChunkIndex,
  );
});

Deno.test("block map entries are 32-bit block numbers", () => {
  const view = new DataView(new ArrayBuffer(8));
  writeBlockMapEntry(view, 4, 0xffff_fffe);
  strictEqual(view.getUint32(4, true), 0xffff_fffe);
  strictEqual(readBlockMapEntry(view, 4), 0xffff_fffe);
});
