import { ok, strictEqual, throws } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { bytesOf } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { memorySink } from "../../io/memory_sink.ts";
import { memorySource } from "../../io/memory_source.ts";
import { DumpReader } from "../../tree/dump_reader.ts";
import type { ImageVersion } from "./image_version.ts";
import { readImage } from "./read_image.ts";
import { writeImage } from "./write_image.ts";

const OBJECT = `5a/${"5a".repeat(31)} - ${"5a".repeat(32)}`;
const DUMP = `/ 0 40755 3 0 0 0 1.0 - - -
/d 0 40755 2 0 0 0 1.0 - - - user.a=b
/d/deleted 0 20644 1 0 0 0 1.0 - - -
/f 5000 100644 2 0 0 0 1.0 ${OBJECT}
/fg 3 100644 1 0 0 0 1.0 - abc -
/g 0 @120000 - - - - 0.0 /f - -
/s 6 120777 1 0 0 0 1.0 target - -
`;
const SUPERBLOCK = 1024;
const ROOT = 1152;

function imageOf(dump: string, version: ImageVersion): Uint8Array<ArrayBuffer> {
  const reader = new DumpReader();
  reader.write(bytesOf(dump));
  const sink = memorySink();
  const output = sink.open();
  writeImage(reader.end(), output, { version });
  output.commit();
  return sink.bytes;
}

/** What reading is refused for. */
function refusal(image: Uint8Array): string {
  let found = "";
  throws(() => readImage(memorySource(image)), (error) => {
    ok(error instanceof ImageError, String(error));
    found = error.message;
    return true;
  });
  return found;
}

Deno.test("readImage() refuses heads that are not of composefs images", () => {
  const cases: readonly (readonly [at: number, bytes: readonly number[], message: RegExp])[] = [
    [0, [0], /magic is 0xd0786200, expected 0xd078629a/],
    [4, [2], /version is 2, flags 0, version of the image 1/],
    [8, [2], /version is 1, flags 2, version of the image 1/],
    [12, [3], /version of the image 3/],
    [SUPERBLOCK, [0], /magic is 0xe0f5e100/],
    [SUPERBLOCK + 8, [0xe], /features shared_ea_in_metabox, expected none/],
    [SUPERBLOCK + 8, [7], /checksum is 0, expected \d+/],
    [SUPERBLOCK + 12, [9], /blkszbits is 9, expected 12/],
    [SUPERBLOCK + 13, [1], /sb_extslots is 1, expected 0/],
    [SUPERBLOCK + 16, [1], /it has 26[0-9] inodes, expected 257/],
    [SUPERBLOCK + 36, [200], /it has 200 blocks/],
    [SUPERBLOCK + 36, [0], /it has 0 blocks/],
    [SUPERBLOCK + 36, [1], /it ends at \d+, expected at most 4096|it begins at/],
    [SUPERBLOCK + 40, [1], /meta_blkaddr is 1, expected 0/],
    [SUPERBLOCK + 80, [2], /features compr_cfgs, expected none/],
    [SUPERBLOCK + 91, [1], /xattr_prefix_count is 1/],
    [SUPERBLOCK + 96, [1], /packed_nid is 1/],
  ];
  for (const [at, bytes, message] of cases) {
    const image = imageOf(DUMP, 1);
    image.set(bytes, at);
    ok(message.test(refusal(image)), `${message}: ${refusal(image)}`);
  }
  ok(/it has 100 bytes/.test(refusal(new Uint8Array(100))));
});

Deno.test("readImage() refuses inodes and directories that no writer makes", () => {
  const inodeOf = (image: Uint8Array, target: string) => {
    // The inode of a symbolic link stands 32 bytes before its target.
    return Buffer.from(image).indexOf(target, 0, "latin1") - 32;
  };
  const cases: readonly (readonly [(image: Uint8Array) => number, number[], RegExp])[] = [
    [() => ROOT, [0x10], /format is 16/],
    [() => ROOT, [0x06], /format is 6/],
    [() => ROOT + 6, [9], /its link count is 9, expected that of 3 directories/],
    [(image) => inodeOf(image, "target") + 6, [2], /not as many names as its link count of 2/],
    [(image) => inodeOf(image, "target") + 6, [0], /not as many names as its link count of 0/],
    [(image) => inodeOf(image, "target") + 8, [0], /its target has 0 bytes/],
    [(image) => inodeOf(image, "target") + 12, [1], /i_mtime is 1/],
    [(image) => inodeOf(image, "target") + 5, [0xc1], /special file.*it has 6 bytes|of type/],
  ];
  for (const [place, bytes, message] of cases) {
    const image = imageOf(DUMP, 1);
    image.set(bytes, place(image));
    ok(message.test(refusal(image)), `${message}: ${refusal(image)}`);
  }
});

Deno.test("readImage() refuses names, objects and marks that no writer makes", () => {
  const cases: readonly (readonly [from: string, to: string, message: RegExp])[] = [
    ["fefffgg", "fefffag", /name "fa" follows "ff"/],
    ["fefffgg", "fefff/g", /name "f\/" follows "ff"/],
    ["fefffgg", "feffffg", /name "ff" follows "ff"/],
    ["fdfeff", "fdfefe", /name "fe" follows "fe"/],
    ["fefffgg", "fefff@g", /name "f@" follows "ff"/],
    ["redirect/5a/5a5a", "redirect/../5a5a", /Cannot read object of file/],
    ["redirect/5a/5a5a", "redirect5a//5a5a", /Cannot read object of file/],
    ["overlay.metacopy\0", "overlay.metacopy\x07", /metacopy is missing or malformed/],
    ["overlay.metacopy", "overlay.metacopi", /metacopy is missing or malformed/],
    ["overlay.redirect", "overlay.redirecT", /it has the attribute "trusted.overlay.redirecT"/],
    ["overlay.opaquey", "overlay.opaquez", /not marked by trusted.overlay.opaque/],
    ["target", "targe\0", /its target has a NUL byte/],
  ];
  for (const [from, to, message] of cases) {
    const image = imageOf(DUMP, 1);
    const at = Buffer.from(image).indexOf(from, 0, "latin1");
    ok(at >= 0, from);
    image.set(bytesOf(to), at);
    ok(message.test(refusal(image)), `${from} -> ${to}: ${refusal(image)}`);
  }
});

Deno.test("readImage() refuses whiteouts in other places, and those of other versions", () => {
  const moved = imageOf(DUMP.replace(/^\/fg.*\n/m, ""), 1);
  moved[Buffer.from(moved).indexOf("feff") + 3] = 0x67;
  ok(/it is a whiteout of the image/.test(refusal(moved)), refusal(moved));
  const image = imageOf(DUMP, 1);
  image[12] = 2;
  ok(/it stands for a whiteout|attribute|inodes/.test(refusal(image)), refusal(image));
  const image2 = imageOf(DUMP, 2);
  image2[12] = 1;
  ok(/it is not marked by trusted.overlay.opaque/.test(refusal(image2)));
});

Deno.test("readImage() refuses a directory in itself, and bytes that belong to two files", () => {
  const dump = DUMP.replace("/d/deleted 0 20644", "/d/e 0 40755");
  const image = imageOf(dump, 1);
  const view = new DataView(image.buffer);
  // The entries of /d: ".", "..", "e"; the last is made to be the directory itself.
  const names = Buffer.from(image).indexOf("...e", 0, "latin1");
  const entries = names - 36;
  strictEqual(view.getUint16(entries + 8, true), 36);
  view.setUint32(entries + 24, view.getUint32(entries, true), true);
  ok(/another has the same bytes|is inode/.test(refusal(image)), refusal(image));
});
