import { assertLayout } from "../../bytes/assert_layout.ts";
import {
  LCLUSTER_INDEX_SIZE,
  MAP_HEADER_SIZE,
  readLclusterIndex,
  readMapHeader,
  writeLclusterIndex,
  writeMapHeader,
} from "./lcluster.ts";

Deno.test("map header and index entries have the kernel's layout", () => {
  assertLayout(
    MAP_HEADER_SIZE,
    [["fragmentOffset", 0, 4], ["advise", 4, 2], ["algorithms", 6, 1], ["clusterBits", 7, 1]],
    writeMapHeader,
    readMapHeader,
  );
  assertLayout(
    LCLUSTER_INDEX_SIZE,
    [["advise", 0, 2], ["clusterOffset", 2, 2], ["union", 4, 4]],
    writeLclusterIndex,
    readLclusterIndex,
  );
});
