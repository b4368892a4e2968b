/**
 * Our empty images and those of `mke2fs -t ext4`, as `dumpe2fs` describes them: the same features,
 * geometry, journal and reserves.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import { ext4 } from "../../src/format/ext4/format.ts";
import { mustRun } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { CaseTree } from "./case_tree.ts";
import { plainSink, withImageFile } from "./plain_sink.ts";
import { writeTree } from "./write_tree.ts";

/** What differs between any two images: identity, clock, and what was written how often. */
const OWN_FIELDS = [
  "Filesystem UUID",
  "Filesystem created",
  "Last write time",
  "Last checked",
  "Lifetime writes",
  "Directory Hash Seed",
  "Checksum",
];

function describe(image: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of mustRun("dumpe2fs", ["-h", image]).split("\n")) {
    const cut = line.indexOf(":");
    if (cut < 0) continue;
    const name = line.slice(0, cut);
    if (!OWN_FIELDS.includes(name)) fields.set(name, line.slice(cut + 1).trim());
  }
  return fields;
}

const MIB = 2 ** 20;
// From 512 MiB on mke2fs takes its ordinary profile: an inode for every 16 KiB.
const SIZES = [512 * MIB, 700 * MIB, 3000 * MIB + 4096 * 7, 40_000 * MIB];

for (const blockSize of [1024, 2048, 4096]) {
  for (const size of SIZES) {
    const name = `ext4 of ${blockSize}, ${size} bytes, is described like one of mke2fs`;
    toolTest(name, ["mke2fs", "dumpe2fs"], async () => {
      await withImageFile(async (image) => {
        const format = ext4({ blockSize, size, journal: "auto", reservedPercent: 5 });
        await writeTree(format, new CaseTree().finish(), plainSink(image));
        const peer = `${image}.peer`;
        const options = ["-q", "-t", "ext4", "-b", `${blockSize}`];
        mustRun("mke2fs", [...options, peer, `${size / 1024}k`]);
        const [own, others] = [describe(image), describe(peer)];
        // In blocks of 1024 mke2fs makes lost+found of 12 KiB instead of 16, and rounds otherwise.
        for (const name of blockSize === 1024 ? ["Free blocks", "Reserved block count"] : []) {
          own.delete(name);
          others.delete(name);
        }
        deepStrictEqual(own, others);
      });
    });
  }
}
