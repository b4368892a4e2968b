import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { assertLayout } from "../bytes/assert_layout.ts";
import { GPT_ENTRY_SIZE, readGptEntry, writeGptEntry } from "./gpt_entry.ts";
import { GPT_HEADER_SIZE, readGptHeader, writeGptHeader } from "./gpt_header.ts";
import { QCOW2_LONG_HEADER_SIZE, readQcow2Header, writeQcow2Header } from "./qcow2_header.ts";
import {
  readVeritySuperblock,
  VERITY_SUPERBLOCK_SIZE,
  writeVeritySuperblock,
} from "./verity_superblock.ts";
import { readVhdFooter, VHD_FOOTER_SIZE, vhdGeometry, writeVhdFooter } from "./vhd_footer.ts";

Deno.test("verity superblock fields stand where struct verity_sb has them", () => {
  assertLayout(
    VERITY_SUPERBLOCK_SIZE,
    [
      ["signature", 0x00, 8],
      ["version", 0x08, 4],
      ["hashType", 0x0c, 4],
      ["uuid", 0x10, 16],
      ["algorithm", 0x20, 32],
      ["dataBlockSize", 0x40, 4],
      ["hashBlockSize", 0x44, 4],
      ["dataBlocks", 0x48, 8],
      ["saltSize", 0x50, 2],
      ["salt", 0x58, 256],
    ],
    writeVeritySuperblock,
    readVeritySuperblock,
  );
});

Deno.test("GPT header fields stand where the UEFI specification has them", () => {
  assertLayout(
    GPT_HEADER_SIZE,
    [
      ["signature", 0x00, 8],
      ["revision", 0x08, 4],
      ["headerSize", 0x0c, 4],
      ["headerCrc", 0x10, 4],
      ["myLba", 0x18, 8],
      ["alternateLba", 0x20, 8],
      ["firstUsableLba", 0x28, 8],
      ["lastUsableLba", 0x30, 8],
      ["diskGuid", 0x38, 16],
      ["entriesLba", 0x48, 8],
      ["entryCount", 0x50, 4],
      ["entrySize", 0x54, 4],
      ["entriesCrc", 0x58, 4],
    ],
    writeGptHeader,
    readGptHeader,
  );
});

Deno.test("GPT entry fields stand where the UEFI specification has them", () => {
  assertLayout(
    GPT_ENTRY_SIZE,
    [
      ["typeGuid", 0x00, 16],
      ["uniqueGuid", 0x10, 16],
      ["firstLba", 0x20, 8],
      ["lastLba", 0x28, 8],
      ["attributesLow", 0x30, 4],
      ["attributesHigh", 0x34, 4],
      ["name", 0x38, 72],
    ],
    writeGptEntry,
    readGptEntry,
  );
});

Deno.test("VHD footer fields stand where the specification has them", () => {
  assertLayout(
    VHD_FOOTER_SIZE,
    [
      ["cookie", 0x00, 8],
      ["features", 0x08, 4],
      ["version", 0x0c, 4],
      ["dataOffsetHigh", 0x10, 4],
      ["dataOffsetLow", 0x14, 4],
      ["timestamp", 0x18, 4],
      ["creatorApplication", 0x1c, 4],
      ["creatorVersion", 0x20, 4],
      ["creatorHostOs", 0x24, 4],
      ["originalSize", 0x28, 8],
      ["currentSize", 0x30, 8],
      ["cylinders", 0x38, 2],
      ["heads", 0x3a, 1],
      ["sectorsPerTrack", 0x3b, 1],
      ["diskType", 0x3c, 4],
      ["checksum", 0x40, 4],
      ["uuid", 0x44, 16],
      ["savedState", 0x54, 1],
    ],
    writeVhdFooter,
    readVhdFooter,
    { endian: "big" },
  );
});

Deno.test("qcow2 header fields stand where the specification has them", () => {
  assertLayout(
    QCOW2_LONG_HEADER_SIZE,
    [
      ["magic", 0x00, 4],
      ["backingFileOffset", 0x08, 8],
      ["clusterBits", 0x14, 4],
      ["size", 0x18, 8],
      ["cryptMethod", 0x20, 4],
      ["l1Size", 0x24, 4],
      ["l1TableOffset", 0x28, 8],
      ["refcountTableOffset", 0x30, 8],
      ["refcountTableClusters", 0x38, 4],
      ["snapshotCount", 0x3c, 4],
      ["incompatibleHigh", 0x48, 4],
      ["incompatible", 0x4c, 4],
      ["refcountOrder", 0x60, 4],
      ["compressionType", 0x68, 1],
    ],
    writeQcow2Header,
    readQcow2Header,
    { endian: "big", base: { version: 3, headerLength: QCOW2_LONG_HEADER_SIZE } },
  );
});

Deno.test("a qcow2 header of version 2 has the defaults of what it lacks", () => {
  const view = new DataView(new ArrayBuffer(QCOW2_LONG_HEADER_SIZE));
  new Uint8Array(view.buffer).fill(0xff, 0x48);
  view.setUint32(4, 2);
  const header = readQcow2Header(view, 0);
  strictEqual(header.incompatible + header.incompatibleHigh + header.compressionType, 0);
  strictEqual(header.refcountOrder, 4);
});

Deno.test("vhdGeometry() rounds down to what cylinders, heads and sectors can say", () => {
  // Disks as qemu-img makes them, with their geometry.
  for (
    const [size, cylinders, heads, sectorsPerTrack] of [
      [0x10_7800, 0x1f, 4, 17],
      [0x640_2000, 0x3ec, 12, 17],
      [0x4003_e000, 0x821, 16, 63],
      [2 ** 37, 0xffff, 16, 255],
    ]
  ) {
    deepStrictEqual(vhdGeometry(size), { cylinders, heads, sectorsPerTrack });
  }
  for (const mib of [1, 3, 64, 504, 600, 8 * 1024, 127 * 1024, 2040 * 1024]) {
    const { cylinders, heads, sectorsPerTrack } = vhdGeometry(mib * 2 ** 20);
    const bytes = cylinders * heads * sectorsPerTrack * 512;
    strictEqual(bytes <= mib * 2 ** 20, true);
    // A track of all heads is what is lost at most, up to the largest geometry.
    const lost = Math.min(mib * 2 ** 20, 65535 * 16 * 255 * 512) - bytes;
    strictEqual(lost < (heads + 1) * sectorsPerTrack * 512, true, `${mib} MiB`);
    strictEqual(cylinders <= 65535 && heads <= 16, true);
  }
});
