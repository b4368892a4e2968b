import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import type { ImageProblem } from "../format/image_reader.ts";
import { ImageError, type ImageErrorCode } from "../image_error.ts";
import type { ByteSource } from "../io/byte_source.ts";
import { memorySink } from "../io/memory_sink.ts";
import { memorySource } from "../io/memory_source.ts";
import { plainFormat, writeImage } from "./disk_fixture.ts";
import { openDisk } from "./open_disk.ts";
import { gpt } from "./gpt.ts";
import { GPT_ENTRY_SIZE } from "./gpt_entry.ts";
import { GPT_HEADER_SIZE, gptHeaderCrc } from "./gpt_header.ts";
import { parseUuid, swapGuid } from "./guid.ts";
import { qcow2 } from "./qcow2.ts";
import { verity } from "./verity.ts";
import { withAppendedTree } from "./verity_container.ts";
import { vhd } from "./vhd.ts";
import { vhdChecksum } from "./vhd_footer.ts";

const CONTENT = new Uint8Array(200_000).map((_, i) => i * i % 251 + 1);
const PLAIN = plainFormat({ pieces: [{ position: 0, bytes: CONTENT }], size: CONTENT.length });

async function made(format: typeof PLAIN): Promise<Uint8Array<ArrayBuffer>> {
  const sink = memorySink();
  await writeImage(format, sink);
  return sink.bytes;
}

/** Reads and checks a file; answers what is wrong with it. */
async function check(file: Uint8Array): Promise<ImageProblem[]> {
  const { image, containers } = withAppendedTree(openDisk(memorySource(file)), CONTENT.length);
  const problems: ImageProblem[] = [];
  image.read(new Uint8Array(4096), 0);
  for (const container of containers) await container.check((it) => void problems.push(it));
  return problems;
}

function read(file: Uint8Array): Uint8Array {
  const source = openDisk(memorySource(file)).image;
  // A hostile size is no reason to ask for as much.
  const bytes = new Uint8Array(Math.min(source.size, 4 * 1024 * 1024));
  return bytes.subarray(0, source.read(bytes, 0));
}

function expectRefused(file: Uint8Array, code: ImageErrorCode, message: RegExp): void {
  throws(() => read(file), (error) => {
    ok(error instanceof ImageError, String(error));
    strictEqual(error.code, code, error.message);
    ok(message.test(error.message), error.message);
    return true;
  });
}

function isContent(bytes: Uint8Array): boolean {
  return Buffer.compare(bytes.subarray(0, CONTENT.length), CONTENT) === 0;
}

/** A disk whose table is changed by `change` and then has right checksums again. */
function changedTable(
  disk: Uint8Array,
  change: (header: DataView, entries: DataView) => void,
): Uint8Array {
  const bytes = disk.slice();
  const header = new DataView(bytes.buffer, 512, 512);
  const entries = new DataView(bytes.buffer, 1024, 128 * GPT_ENTRY_SIZE);
  change(header, entries);
  header.setUint32(0x58, crc32(bytes.subarray(1024, 1024 + 128 * GPT_ENTRY_SIZE)), true);
  header.setUint32(0x10, gptHeaderCrc(bytes.subarray(512), GPT_HEADER_SIZE), true);
  return bytes;
}

Deno.test("openDisk() takes the backup where the header of a table is damaged", async () => {
  const disk = await made(gpt(PLAIN));
  disk[512 + 0x30] ^= 1;
  ok(isContent(read(disk)));
  const entries = await made(gpt(PLAIN));
  entries[1024 + 60] ^= 1;
  ok(isContent(read(entries)), "as the kernel does it");
  entries[entries.length - 33 * 512 + 60] ^= 1;
  expectRefused(entries, "CORRUPT", /checksum of the entries is wrong \(in its backup: the ch/);
  disk[disk.length - 512 + 0x30] ^= 1;
  expectRefused(disk, "CORRUPT", /checksum of the header is wrong \(in its backup: the checks/);
});

Deno.test("openDisk() finds the root partition among others, or says which there are", async () => {
  const disk = await made(gpt(verity(PLAIN)));
  ok(isContent(read(disk)));
  const setType = (entries: DataView, at: number, type: string) =>
    new Uint8Array(entries.buffer, entries.byteOffset + at, 16).set(swapGuid(parseUuid(type)));
  // Both are of no type that is known.
  const data = "0fc63daf-8483-4772-8e79-3d69d8477de4";
  const two = changedTable(disk, (_header, entries) => {
    setType(entries, 0, data);
    setType(entries, GPT_ENTRY_SIZE, data);
  });
  ok(isContent(read(two)), "a hash tree is told by its superblock");
  two[1024 * 1024 + 1024 * 1024] ^= 1;
  expectRefused(two, "AMBIGUOUS", /partitions 1 "root" \(1048576 bytes at 1048576\), 2 "root-ver/);
  const one = changedTable(disk, (_header, entries) => setType(entries, 0, data));
  ok(isContent(read(one)));
  const none = changedTable(disk, (_header, entries) => {
    for (let at = 0; at < 2 * GPT_ENTRY_SIZE; at++) entries.setUint8(at, 0);
  });
  expectRefused(none, "NOT_FOUND", /its partition table is empty/);
});

Deno.test("openDisk() refuses tables that lead out of the disk", async () => {
  const disk = await made(gpt(PLAIN));
  const outside = changedTable(
    disk,
    (_header, entries) => entries.setUint32(0x28, 0xffff_ffff, true),
  );
  expectRefused(outside, "CORRUPT", /partition 1 goes from byte 1048576 to/);
  const backwards = changedTable(disk, (_header, entries) => entries.setUint32(0x28, 7, true));
  expectRefused(backwards, "CORRUPT", /partition 1 goes/);
  // What a table cannot be is that of its backup.
  disk.fill(0, disk.length - 512);
  const huge = changedTable(disk, (header) => header.setUint32(0x50, 0xffff_ffff, true));
  expectRefused(huge, "CORRUPT", /there are 4294967295 entries/);
  const far = changedTable(disk, (header) => header.setUint32(0x4c, 0x1f_ffff, true));
  expectRefused(far, "CORRUPT", /it ends within the entries/);
});

Deno.test("openDisk() takes a filesystem for what it is, also over an old table", async () => {
  const disk = await made(gpt(PLAIN));
  // s_magic of ext4.
  disk[0x438] = 0x53;
  disk[0x439] = 0xef;
  strictEqual(read(disk).length, disk.length);
});

Deno.test("openDisk() refuses VHDs that are not fixed, and takes a false footer for data", async () => {
  const disk = await made(vhd(PLAIN));
  const footer = disk.length - 512;
  const changed = (change: (view: DataView) => void) => {
    const bytes = disk.slice();
    const view = new DataView(bytes.buffer, footer);
    change(view);
    view.setUint32(0x40, vhdChecksum(bytes.subarray(footer)));
    return bytes;
  };
  expectRefused(changed((view) => view.setUint32(0x3c, 3)), "UNSUPPORTED", /type 3/);
  expectRefused(changed((view) => view.setUint32(0x30, 7)), "CORRUPT", /by its footer/);
  strictEqual(read(disk).length, footer);
  // Its checksum is wrong, but all else is that of this very disk.
  disk[footer + 0x50] ^= 1;
  strictEqual(read(disk).length, footer);
  disk[footer + 0x36] ^= 2;
  strictEqual(read(disk).length, disk.length);
});

Deno.test("openDisk() names disks that it does not read", () => {
  const disk = new Uint8Array(1024 * 1024);
  const view = new DataView(disk.buffer);
  view.setUint16(510, 0xaa55, true);
  view.setUint8(450, 0x83);
  view.setUint32(454, 8, true);
  view.setUint32(458, 100, true);
  expectRefused(disk, "UNSUPPORTED", /an MBR partition table with 1 partition, expected/);
  // A partition behind the end: only a boot sector.
  view.setUint32(458, 4000, true);
  strictEqual(read(disk).length, disk.length);
  const text = (at: number, bytes: string) => {
    const file = new Uint8Array(1024);
    for (let i = 0; i < bytes.length; i++) file[at + i] = bytes.charCodeAt(i);
    return file;
  };
  expectRefused(text(0, "vhdxfile"), "UNSUPPORTED", /it is a VHDX file/);
  expectRefused(text(0, "KDMV"), "UNSUPPORTED", /it is a VMDK file/);
  expectRefused(text(0x40, "\x7f\x10\xda\xbe"), "UNSUPPORTED", /it is a VDI file/);
});

Deno.test("openDisk() says what a qcow2 file needs that it does not do", async () => {
  const file = await made(qcow2(PLAIN));
  const changed = (at: number, value: number) => {
    const bytes = file.slice();
    new DataView(bytes.buffer).setUint32(at, value);
    return bytes;
  };
  expectRefused(changed(0x04, 4), "UNSUPPORTED", /its version is 4/);
  expectRefused(changed(0x0c, 112), "UNSUPPORTED", /it has a backing file/);
  expectRefused(changed(0x14, 31), "CORRUPT", /a cluster has 2\^31 bytes/);
  expectRefused(changed(0x18, 0xffff_ffff), "CORRUPT", /fewer than 2\^53/);
  expectRefused(changed(0x20, 2), "UNSUPPORTED", /it is encrypted/);
  expectRefused(changed(0x24, 0), "CORRUPT", /the L1 table has 0 entries/);
  expectRefused(changed(0x28, 0xffff_ffff), "CORRUPT", /it ends early/);
  expectRefused(changed(0x4c, 2), "CORRUPT", /marked as corrupt/);
  expectRefused(changed(0x4c, 4), "UNSUPPORTED", /its data is in another file/);
  expectRefused(changed(0x4c, 16), "UNSUPPORTED", /extended L2/);
  expectRefused(changed(0x4c, 32), "UNSUPPORTED", /incompatible features 0x20/);
  expectRefused(changed(0x48, 1), "UNSUPPORTED", /incompatible features/);
  expectRefused(file.subarray(0, 71), "CORRUPT", /it has 71 bytes/);
  // Reference counts may be wrong: nothing is written here.
  ok(isContent(read(changed(0x4c, 1))));
});

Deno.test("openDisk() throws nothing but ImageError for files that are changed or cut", async () => {
  const files = [
    await made(gpt(verity(PLAIN))),
    await made(vhd(gpt(PLAIN))),
    await made(qcow2(gpt(PLAIN))),
    await made(qcow2(PLAIN, { compression: "zstd" })),
    await made(vhd(verity(PLAIN, { hashBlockSize: 512 }))),
  ];
  // Where the tables are: the rest is content.
  const placesOf = (file: Uint8Array) => {
    const places: number[] = [];
    for (let at = 0; at < file.length; at += 8) {
      if (at < 2048 || at >= file.length - 1024 || file[at] === 0x80 || file[at] === 0x40) {
        for (let i = 0; i < 8; i++) places.push(at + i);
      }
    }
    return places;
  };
  for (const file of files) {
    deepStrictEqual(await check(file), []);
    const places = placesOf(file);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(places.length - 1), fc.integer({ min: 1, max: 255 })), {
          maxLength: 4,
        }),
        fc.option(fc.nat(file.length)),
        async (changes, cut) => {
          const bytes = file.slice(0, cut ?? file.length);
          for (const [i, by] of changes) {
            if (places[i] < bytes.length) bytes[places[i]] ^= by;
          }
          try {
            read(bytes);
            await check(bytes);
          } catch (error) {
            ok(error instanceof ImageError, `${error}`);
          }
        },
      ),
      { numRuns: 150 },
    );
  }
});

Deno.test("the check of a qcow2 file looks through a table once, however often it is named", async () => {
  const file = await made(qcow2(PLAIN));
  const view = new DataView(file.buffer);
  const l1 = Number(view.getBigUint64(0x28));
  // As many entries as the table's cluster has room for, all the same.
  for (let at = 8; at < 65536; at += 8) view.setBigUint64(l1 + at, view.getBigUint64(l1));
  view.setUint32(0x24, 8192);
  const messages = (await check(file)).map(({ message }) => message);
  match(messages[0], /^qcow2: the L2 table at \d+ is used before, expected one of its own$/);
  strictEqual(messages.filter((it) => /cluster \d+ is 1, expected 8192/.test(it)).length, 1);
});

Deno.test("the check of a qcow2 file reads only the counts of its own clusters", async () => {
  const file = await made(qcow2(PLAIN));
  const view = new DataView(file.buffer);
  const table = Number(view.getBigUint64(0x30));
  const block = view.getBigUint64(table);
  for (let at = 8; at < 65536; at += 8) view.setBigUint64(table + at, block);
  let readings = 0;
  const source = memorySource(file);
  const counting: ByteSource = {
    name: source.name,
    size: source.size,
    read(into, position) {
      if (position === Number(block)) readings++;
      return source.read(into, position);
    },
    close: () => source.close(),
  };
  const problems: ImageProblem[] = [];
  for (const container of openDisk(counting).containers) {
    await container.check((it) => void problems.push(it));
  }
  strictEqual(readings, 1);
  const cluster = Number(block) / 65536;
  const expected = new RegExp(`cluster ${cluster} is 1, expected 8192`);
  strictEqual(problems.filter(({ message }) => expected.test(message)).length, 1);
});

Deno.test("the check of a qcow2 file tells of a table of counts that is larger than any", async () => {
  const file = await made(qcow2(PLAIN));
  new DataView(file.buffer).setUint32(0x38, 129);
  const messages = (await check(file)).map(({ message }) => message);
  deepStrictEqual(messages, [
    "qcow2: the table of reference counts has 8454144 bytes, expected 8388608 at most",
  ]);
});

Deno.test("the check of a GPT tells GUIDs as text", async () => {
  const disk = await made(gpt(PLAIN));
  const changed = changedTable(disk, (header) => header.setUint8(0x38, header.getUint8(0x38) ^ 1));
  const messages = (await check(changed)).map(({ message }) => message);
  strictEqual(messages.length, 1);
  match(messages[0], /^GPT backup: disk GUID is [0-9a-f]{8}-[0-9a-f-]{27}, expected [0-9a-f]{8}-/);
});
