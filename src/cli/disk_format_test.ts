import { deepStrictEqual, match, strictEqual, throws } from "node:assert/strict";
import { ext4 } from "../format/ext4/format.ts";
import { withDiskValues } from "./commands/disk_options.ts";
import {
  checkDiskArguments,
  diskFileName,
  diskFormat,
  type DiskWish,
  withImpliedDisk,
} from "./disk_format.ts";
import { UsageError } from "./usage_error.ts";

const NOTHING: DiskWish = {
  dryRun: false,
  readOnly: false,
  vhd: false,
  verity: undefined,
  verityAlgorithm: undefined,
  veritySalt: undefined,
  verityUuid: undefined,
  verityDataBlockSize: undefined,
  verityHashBlockSize: undefined,
  partition: undefined,
  partitionLabel: undefined,
  qcow2: undefined,
};

Deno.test("checkDiskArguments() refuses what does not go together", () => {
  const cases: readonly (readonly [Partial<DiskWish>, RegExp])[] = [
    [{ vhd: true, qcow2: "none" }, /--vhd and --qcow2 exclude each other/],
    [{ verityAlgorithm: "sha512" }, /--verity-algorithm without .*: --verity is missing/],
    [{ veritySalt: "" }, /--verity-salt without/],
    [{ verityUuid: "0" }, /--verity-uuid without/],
    [{ verityDataBlockSize: 512 }, /--verity-data-block-size without/],
    [{ verityHashBlockSize: 512 }, /--verity-hash-block-size without/],
    [{ partitionLabel: "x" }, /--partition is missing/],
    [{ dryRun: true, verity: "" }, /--dry-run and --verity exclude each other/],
    [{ dryRun: true, qcow2: "zstd" }, /--dry-run and --qcow2=zstd exclude each other/],
  ];
  for (const [wish, message] of cases) {
    throws(() => checkDiskArguments({ ...NOTHING, ...wish }), (error) => {
      match((error as Error).message, message);
      return error instanceof UsageError;
    });
  }
  checkDiskArguments(NOTHING);
  checkDiskArguments({ ...NOTHING, verity: "", veritySalt: "", partition: "gpt", vhd: true });
  checkDiskArguments({ ...NOTHING, dryRun: true, partition: "gpt", qcow2: "none" });
});

Deno.test("diskFormat() refuses values out of range", () => {
  const make = (wish: Partial<DiskWish>) => diskFormat(ext4(), { ...NOTHING, ...wish }, undefined);
  throws(() => make({ verity: "", veritySalt: "0" }), /Cannot use salt "0"/);
  throws(() => make({ verity: "", verityHashBlockSize: 3072 }), /hash block size 3072/);
  throws(() => make({ partition: "gpt", partitionLabel: "x".repeat(40) }), /at most 36/);
  strictEqual(make({ verity: "", partition: "gpt", qcow2: "zstd" }).name, "ext4");
});

Deno.test("names of disk files tell the container and what is in it", () => {
  deepStrictEqual(diskFileName("a/x.squashfs.QCOW2"), {
    name: "a/x.squashfs",
    implied: { qcow2: "none" },
  });
  deepStrictEqual(diskFileName("x.vhd"), { name: "x", implied: { vhd: true } });
  deepStrictEqual(diskFileName("x.img"), { name: "x.img", implied: null });
  strictEqual(withImpliedDisk(NOTHING, "x.vhd").vhd, true);
  // What was asked for stays.
  const zstd = { ...NOTHING, qcow2: "zstd" as const };
  strictEqual(withImpliedDisk(zstd, "x.qcow2"), zstd);
  strictEqual(withImpliedDisk(zstd, "x.vhd").vhd, false);
  strictEqual(withImpliedDisk(NOTHING, null), NOTHING);
});

Deno.test("withDiskValues() gives --verity and --qcow2 the values that they lack", () => {
  deepStrictEqual(
    withDiskValues(["a", "--verity", "--qcow2", "-o", "x"]),
    ["a", "--verity=", "--qcow2=none", "-o", "x"],
  );
  const given = ["--verity=f", "--qcow2=zstd", "--qcow2", "zstd"];
  deepStrictEqual(withDiskValues(given), given);
  const image = ["-o", "x.ext4", "--", "--verity"];
  deepStrictEqual(withDiskValues(image), image);
});
