import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { type Ext4Options, resolveOptions } from "./options.ts";

Deno.test("resolveOptions() fills in the defaults", () => {
  const resolved = resolveOptions({});
  deepStrictEqual(
    [resolved.blockSize, resolved.inodeSize, resolved.size, resolved.free, resolved.journalBlocks],
    [4096, 256, null, null, 0],
  );
  deepStrictEqual([resolved.inodeRatio, resolved.uuid, resolved.hashSeed], [16384, null, null]);
  const readOnly = resolveOptions({ readOnly: true });
  deepStrictEqual([readOnly.free, readOnly.inodeRatio], [{ bytes: 0 }, null]);
  strictEqual(readOnly.features.names.includes("resize_inode"), false);
});

Deno.test("resolveOptions() refuses what ext4 cannot be", () => {
  const wrong: Ext4Options[] = [
    { blockSize: 512 },
    { blockSize: 65536 },
    { inodeSize: 1024 },
    { size: 0 },
    { size: 1.5 },
    { size: 2 ** 53 },
    { free: { bytes: -1 } },
    { free: { bytes: Number.NaN } },
    { free: { percent: -1 } },
    { free: { percent: Number.NaN } },
    { journal: 1000 },
    { journal: Infinity },
    { label: "x".repeat(17) },
    { label: "ü".repeat(9) },
    { label: "a\0b" },
    { uuid: "0123" },
    { hashSeed: "random" },
    { compat: "new" },
    { compat: "4.14", fsVerity: true },
    { blockSize: 1024, fsVerity: true },
    { features: "verity" },
    { features: "inline_data", inodeSize: 128 },
    { features: "nonsense" },
    { inodes: -1 },
    { inodes: 2 ** 32 },
    { inodeRatio: 1024 },
    { reservedPercent: 51 },
  ];
  for (const options of wrong) {
    throws(() => resolveOptions(options), RangeError, JSON.stringify(options));
  }
  throws(() => resolveOptions({ size: 1 << 20, free: { bytes: 0 } }), TypeError);
});

Deno.test("resolveOptions() reads UUIDs", () => {
  const uuid = "00112233-4455-6677-8899-AABBCCDDEEFF";
  const bytes = Uint8Array.from({ length: 16 }, (_, i) => 0x11 * i);
  deepStrictEqual(resolveOptions({ uuid, hashSeed: uuid }).uuid, bytes);
  deepStrictEqual(resolveOptions({ uuid, hashSeed: uuid }).hashSeed, bytes);
});
