import { assertLayout } from "../../bytes/assert_layout.ts";
import { DIRENT_SIZE, readDirent, writeDirent } from "./dirent.ts";

Deno.test("dirent fields have the kernel's layout", () => {
  assertLayout(
    DIRENT_SIZE,
    [["nid", 0, 8], ["nameOffset", 8, 2], ["fileType", 10, 1]],
    writeDirent,
    readDirent,
  );
});
