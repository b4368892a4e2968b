import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import {
  add,
  addFile,
  assertClean,
  everyKind,
  EXT4_TOOLS,
  run,
  withImage,
} from "../../../tests/ext4_image.ts";
import { toolTest } from "../../../tests/tools.ts";
import { ImageError } from "../../image_error.ts";
import { FileKind } from "../../tree/inode.ts";
import type { Ext4Options } from "./format.ts";

/** Options, and what dumpe2fs must say of the image. */
const CASES: [Ext4Options, ...RegExp[]][] = [
  [
    { readOnly: true },
    /Free blocks: +\d{1,3}\n/,
    /Free inodes: +\d{1,2}\n/,
    /features: (?!.*resize)/,
  ],
  [{ readOnly: true, features: "+read-only" }, /features: .*read-only/],
  [{ readOnly: true, blockSize: 1024 }],
  [{ readOnly: true, size: 128 << 20 }, /Block count: +32768\n/],
  [{ compat: "3.10" }, /features: (?!.*(metadata_csum|64bit)).*uninit_bg/],
  [{ compat: "3.10", blockSize: 1024, journal: "auto" }, /uninit_bg/],
  [{ compat: "5.4" }, /features: .*64bit.*metadata_csum/],
  [{ features: "-metadata_csum" }, /features: (?!.*(metadata_csum|uninit_bg))/],
  [{ features: "-metadata_csum", blockSize: 1024, size: 300 << 20 }],
  [{ features: "-64bit" }, /features: (?!.*64bit).*metadata_csum/],
  [{ features: "-64bit", blockSize: 1024 }],
  [{ features: "+uninit_bg", size: 1 << 30 }, /uninit_bg/],
  [{ features: "metadata_csum_seed" }, /metadata_csum_seed/, /Checksum seed: +0x[0-9a-f]{8}/],
  [{ features: "-resize_inode" }, /features: (?!.*resize_inode)/],
  [
    { features: "-dir_index,-dir_nlink" },
    /features: (?!.*(dir_index|dir_nlink))/,
  ],
  [{ inodeSize: 512 }, /Inode size:\s+512\n/],
  [{ inodeSize: 512, blockSize: 1024 }, /Inode size:\s+512\n/],
  [{ inodeSize: 128 }, /Inode size:\s+128\n/],
  [{ inodeSize: 128, features: "-metadata_csum" }, /Inode size:\s+128\n/],
  [{ inodes: 100_000 }, /Inode count: +10\d{4}\n/],
  [{ inodes: 500_000, blockSize: 1024 }, /Inode count: +50\d{4}\n/],
  [{ inodeRatio: 4096 }, /Inode count: +2\d{4}\n/],
  [{ inodeRatio: 65_536, size: 1 << 30 }, /Inode count: +20480\n/],
  [{ reservedPercent: 5 }, /Reserved block count: +\d{3}\n/],
  [{ hashSeed: "00112233-4455-6677-8899-aabbccddeeff" }, /Hash Seed: +00112233-4455-6677-8899-aab/],
  [{ uuid: "ffffffff-4455-6677-8899-aabbccddeeff" }, /UUID: +ffffffff-4455-6677-8899-aabbccddee/],
];

for (const [options, ...facts] of CASES) {
  toolTest(`e2fsck finds nothing with ${JSON.stringify(options)}`, EXT4_TOOLS, async () => {
    await withImage(options, everyKind, ({ path }) => {
      assertClean(path);
      const text = run("dumpe2fs", "-h", path);
      for (const fact of facts) match(text, fact);
    });
  });
}

toolTest("the free room is there beside what is reserved for root", EXT4_TOOLS, async () => {
  const options = { free: { bytes: 100 << 20 }, reservedPercent: 10 };
  await withImage(options, everyKind, ({ path, report }) => {
    const reserved = Number(/Reserved block count: +(\d+)/.exec(run("dumpe2fs", "-h", path))![1]);
    const { freeBlocks, blocks } = report.details;
    strictEqual(reserved, Math.floor(Number(blocks) / 10));
    const room = (Number(freeBlocks) - reserved) * 4096;
    strictEqual(room >= 100 << 20 && room < 101 << 20, true, `${room}`);
  });
});

toolTest("a read-only image has no block that it does not need", EXT4_TOOLS, async () => {
  await withImage({ readOnly: true }, (writer, { root }) => {
    for (let i = 0; i < 50; i++) addFile(writer, root, `f${i}`, new Uint8Array(100_000).fill(1));
  }, ({ path, report }) => {
    assertClean(path);
    strictEqual(report.imageSize < 50 * 25 * 4096 + (192 << 10), true, `${report.imageSize}`);
  });
});

toolTest(
  "inodes of 128 bytes lose fractions and times after 2038, with notices",
  EXT4_TOOLS,
  async () => {
    await withImage({ inodeSize: 128 }, (_, { root }) => {
      add(root, "fraction").mtimeNanoseconds = 1;
      add(root, "late").mtimeSeconds = 2 ** 31;
    }, ({ path, notices }) => {
      assertClean(path);
      deepStrictEqual(notices.map(({ code, where }) => [code, where?.path]), [
        ["CLAMPED", "late"],
        ["LOSS", "fraction"],
      ]);
    });
  },
);

toolTest(
  "a directory too large for two levels is a list where large_dir is off",
  EXT4_TOOLS,
  async () => {
    await withImage({ blockSize: 1024, compat: "4.12" }, (_, { root }) => {
      const big = add(root, "big", FileKind.directory);
      for (let i = 0; i < 36_000; i++) add(big, `${i}`.padStart(255, "n"));
    }, ({ path, report }) => {
      assertClean(path);
      strictEqual(/large_dir/.test(String(report.details.features)), false);
      match(run("debugfs", "-R", "stat /big", path), /Flags: 0x80000\n/);
    });
  },
);

toolTest("features that are off make errors of what needs them", [], async () => {
  const isLimit = (error: unknown) =>
    error instanceof ImageError && error.code === "LIMIT_EXCEEDED";
  await rejects(
    withImage({ features: "-ea_inode" }, (_, { root }) => {
      add(root, "f").xattrs = [{ name: "user.a", value: new Uint8Array(5000) }];
    }, () => {}),
    isLimit,
  );
  await rejects(
    withImage({ features: "-dir_nlink" }, (_, { root }) => {
      for (let i = 0; i < 65_000; i++) add(root, `${i}`, FileKind.directory);
    }, () => {}),
    isLimit,
  );
});
