/**
 * dm-verity as a machine uses it: opened with the root hash that was told, mounted, every byte read;
 * a byte that changed cannot be read.
 */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { gpt } from "../../src/disk/gpt.ts";
import { qcow2 } from "../../src/disk/qcow2.ts";
import { verity } from "../../src/disk/verity.ts";
import { erofs } from "../../src/format/erofs/format.ts";
import { ext4 } from "../../src/format/ext4/format.ts";
import type { WriteReport } from "../../src/format/image_format.ts";
import { squashfs } from "../../src/format/squashfs/format.ts";
import { pairedSink } from "../../src/io/paired_sink.ts";
import { CaseTree } from "../conformance/case_tree.ts";
import { plainSink } from "../conformance/plain_sink.ts";
import { writeTree } from "../conformance/write_tree.ts";
import { withDirectory } from "../e2e/cli_process.ts";
import { toolTest } from "../tools.ts";
import { firstPageOf, writeChangedCopy } from "./changed_byte.ts";
import { sectionsOf } from "./sections.ts";
import { SUMS_FUNCTION, sumsOf } from "./content_sums.ts";
import { type Drive, MACHINE_TOOLS, runInMachine } from "./virtual_machine.ts";

function filesTree() {
  const tree = new CaseTree().directory("etc");
  for (let i = 0; i < 20; i++) tree.file(`etc/${i}`, { size: i * 333 });
  return tree
    .file("large", { size: 1_000_000 })
    .file("other", { size: 100_000 })
    .file("sparse", { size: 3_000_000, data: [[0, 4096], [2_000_000, 2_100_000]] })
    .finish();
}

/** Opens, mounts and reads one image, and prints the sums of its files. */
function open(name: string, data: string, hash: string, { details }: WriteReport): string {
  const offset = data === hash ? `--hash-offset=${details.verityHashOffset}` : "";
  return `
    echo "== ${name}"
    veritysetup open ${data} root ${hash} ${details.verityRootHash} ${offset}
    mount -o ro /dev/mapper/root /mnt
    sums /mnt
    umount /mnt
    veritysetup close root`;
}

toolTest(
  "a machine opens what verity() made with its root hash, and reads no byte that changed",
  [...MACHINE_TOOLS, "veritysetup"],
  () =>
    withDirectory(async (directory) => {
      const file = (name: string) => `${directory}/${name}`;
      const tree = filesTree();
      const behind = await writeTree(
        verity(ext4({ readOnly: true })),
        tree,
        plainSink(file("behind")),
      );
      const pair = pairedSink(plainSink(file("beside")), plainSink(file("tree")));
      const options = { algorithm: "sha512", hashSink: pair.second } as const;
      const beside = await writeTree(verity(erofs(), options), tree, pair);
      const disk = await writeTree(
        qcow2(gpt(verity(squashfs({ compression: "none" })))),
        tree,
        plainSink(file("disk")),
      );
      writeChangedCopy(file("behind"), file("changed"), firstPageOf(tree, "large"));
      const drives: Drive[] = [
        { path: file("behind") },
        { path: file("beside") },
        { path: file("tree") },
        { path: file("disk"), format: "qcow2" },
        { path: file("changed") },
      ];
      const { verityRootHash, verityHashOffset } = behind.report.details;
      const wrongHash = String(verityRootHash).replace(/^./, (it) => it === "0" ? "1" : "0");
      const output = await runInMachine({ directory, drives }, {
        programs: ["veritysetup"],
        modules: ["dm-verity", "erofs", "squashfs", "sha512_generic"],
        script: [
          SUMS_FUNCTION,
          open("behind", "/dev/vda", "/dev/vda", behind.report),
          open("beside", "/dev/vdb", "/dev/vdc", beside.report),
          open("disk", "/dev/vdd1", "/dev/vdd2", disk.report),
          open("changed", "/dev/vde", "/dev/vde", behind.report),
          "echo '== wrong hash'",
          `veritysetup open /dev/vda root /dev/vda ${wrongHash} --hash-offset=${verityHashOffset} &&`,
          "dd if=/dev/mapper/root of=/dev/null bs=4096 count=1 || echo refused",
        ].join("\n"),
      });
      const parts = sectionsOf(output);
      const expected = sumsOf(tree);
      for (const name of ["behind", "beside", "disk"]) {
        deepStrictEqual(parts.get(name), expected, name);
      }
      const changed = parts.get("changed")!;
      const rest = expected.filter((line) => !line.endsWith("/large"));
      deepStrictEqual(changed.filter((line) => rest.includes(line)), rest);
      strictEqual(changed.length, rest.length + 1);
      match(changed.find((line) => line.includes("large"))!, /Input\/output error/);
      deepStrictEqual(parts.get("wrong hash"), ["refused"]);
    }),
);
