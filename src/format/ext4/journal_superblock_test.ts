import { assertLayout } from "../../bytes/assert_layout.ts";
import {
  JOURNAL_SUPERBLOCK_SIZE,
  readJournalSuperblock,
  writeJournalSuperblock,
} from "./journal_superblock.ts";

Deno.test("journal superblock fields stand where jbd2 has them, big-endian", () => {
  assertLayout(
    JOURNAL_SUPERBLOCK_SIZE,
    [
      ["magic", 0x00, 4],
      ["blockType", 0x04, 4],
      ["headerSequence", 0x08, 4],
      ["blockSize", 0x0c, 4],
      ["maxLength", 0x10, 4],
      ["first", 0x14, 4],
      ["sequence", 0x18, 4],
      ["start", 0x1c, 4],
      ["errno", 0x20, 4],
      ["featureCompat", 0x24, 4],
      ["featureIncompat", 0x28, 4],
      ["featureRoCompat", 0x2c, 4],
      ["users", 0x40, 4],
      ["checksumType", 0x50, 1],
      ["checksum", 0xfc, 4],
      ["uuid", 0x30, 16],
    ],
    writeJournalSuperblock,
    readJournalSuperblock,
    { endian: "big" },
  );
});
