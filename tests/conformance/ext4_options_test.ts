/**
 * One rich tree with every option of the format, before every judge.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { ext4, type Ext4Options } from "../../src/format/ext4/format.ts";
import type { FileTree } from "../../src/tree/file_tree.ts";
import { mustRun } from "../run_tool.ts";
import { toolStep } from "../tools.ts";
import { CaseTree } from "./case_tree.ts";
import { everyKind } from "./ext4_cases.ts";
import { ext4Expectation } from "./ext4_expectation.ts";
import type { GeneratedContent } from "./generated_content.ts";
import { JUDGES } from "./judges.ts";
import { plainSink, withImageFile } from "./plain_sink.ts";
import { writeTree } from "./write_tree.ts";

const MIB = 2 ** 20;

interface OptionCase {
  readonly options: Ext4Options;
  /** Features that the image must have. */
  readonly has?: readonly string[];
  /** Features that it must not have. */
  readonly hasNot?: readonly string[];
}

const OPTION_CASES: readonly OptionCase[] = [
  { options: { journal: "auto" }, has: ["has_journal"] },
  { options: { journal: 4 * MIB, free: { bytes: 0 } }, has: ["has_journal"] },
  { options: { journal: 1 * MIB, blockSize: 1024, size: 50 * MIB }, has: ["has_journal"] },
  { options: { journal: 200 * MIB }, has: ["has_journal"] },
  { options: { readOnly: true }, hasNot: ["resize_inode", "has_journal"] },
  { options: { readOnly: true, features: "read-only" }, has: ["read-only"] },
  { options: { readOnly: true, blockSize: 1024, features: "-metadata_csum" } },
  { options: { label: "sixteen bytes ok" } },
  { options: { uuid: "00112233-4455-6677-8899-aabbccddeeff" } },
  { options: { uuid: "random" } },
  { options: { hashSeed: "11111111-2222-3333-4444-555555555555" } },
  { options: { hashSeed: "00000000-0000-0000-0000-000000000000" } },
  { options: { inodes: 100_000 } },
  { options: { inodeRatio: 4096 } },
  { options: { inodeRatio: 2 ** 26 } },
  { options: { inodeRatio: 1024, blockSize: 1024, size: 40 * MIB } },
  { options: { reservedPercent: 5 } },
  { options: { reservedPercent: 50, free: { bytes: 0 } } },
  { options: { inodeSize: 128 } },
  { options: { inodeSize: 128, blockSize: 1024 } },
  { options: { inodeSize: 512 } },
  { options: { inodeSize: 512, blockSize: 1024 } },
  { options: { compat: "2.6" }, hasNot: ["64bit", "metadata_csum"], has: ["uninit_bg"] },
  { options: { compat: "3.18" }, has: ["64bit", "metadata_csum"] },
  { options: { compat: "4.14", journal: "auto" } },
  { options: { compat: "5.4" } },
  { options: { features: "-metadata_csum" }, hasNot: ["metadata_csum"] },
  { options: { features: "-64bit" }, hasNot: ["64bit"] },
  { options: { features: "-64bit", blockSize: 1024, size: 100 * MIB }, hasNot: ["64bit"] },
  { options: { features: "-64bit,-metadata_csum,uninit_bg" }, has: ["uninit_bg"] },
  { options: { features: "uninit_bg", blockSize: 1024, size: 100 * MIB }, has: ["uninit_bg"] },
  { options: { features: "-dir_index" }, hasNot: ["dir_index"] },
  { options: { features: "-resize_inode", blockSize: 1024 }, hasNot: ["resize_inode"] },
  { options: { features: "-dir_nlink" }, hasNot: ["dir_nlink"] },
  { options: { features: "+metadata_csum_seed" }, has: ["metadata_csum_seed"] },
  { options: { features: "+inline_data" }, has: ["inline_data"] },
  { options: { features: "+large_dir,+ea_inode" }, has: ["large_dir", "ea_inode"] },
  { options: { features: "-metadata_csum,-uninit_bg" }, hasNot: ["metadata_csum", "uninit_bg"] },
  { options: { features: "-metadata_csum", journal: "auto", blockSize: 1024, size: 100 * MIB } },
];

/** All kinds of files, an index, scattered extents, attributes in inode, block and inodes. */
function richTree(): FileTree<GeneratedContent> {
  const tree = new CaseTree();
  tree.root.children = everyKind().root.children;
  tree.directory("large");
  for (let i = 0; i < 3000; i++) tree.file(`large/a longer name for file number ${i}`);
  return tree
    .file("scattered", { data: Array.from({ length: 500 }, (_, i) => [i * 8192, i * 8192 + 9]) })
    .file("sparse", { size: 2 ** 33, data: [[2 ** 32 - 1, 2 ** 32 + 5]] })
    .file("block", { size: 5, xattrs: { "user.a": "x".repeat(400), "user.b": "y" } })
    .file("same block", { size: 5, xattrs: { "user.a": "x".repeat(400), "user.b": "y" } })
    .finish();
}

for (const { options, has, hasNot } of OPTION_CASES) {
  Deno.test(`ext4 with ${JSON.stringify(options)}`, async (context) => {
    await withImageFile(async (image) => {
      const tree = richTree();
      await writeTree(ext4(options), tree, plainSink(image));
      const expected = ext4Expectation({ name: "", build: everyKind }, tree);
      for (const judge of JUDGES) {
        await toolStep(context, judge.name, judge.needs, () => {
          deepStrictEqual(judge.judge(image, expected), []);
        });
      }
      await toolStep(context, "features", ["dumpe2fs"], () => {
        const text = mustRun("dumpe2fs", ["-h", image]);
        const features = /^Filesystem features: *(.*)$/m.exec(text)![1].split(/\s+/);
        for (const feature of has ?? []) ok(features.includes(feature), `no ${feature}`);
        for (const feature of hasNot ?? []) ok(!features.includes(feature), feature);
      });
    });
  });
}
