/**
 * Images that were not unmounted: what the kernel makes of their journals, we read without writing.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { copyFileSync, writeFileSync } from "node:fs";
import { type Ext4Reader, openExt4 } from "../../src/format/ext4/reader.ts";
import { fileSource } from "../../src/io/file_source.ts";
import type { Notice } from "../../src/notice.ts";
import { compareTrees, formatDifference } from "../../src/tree/compare.ts";
import { withMountedImage } from "../loop_mount.ts";
import { MountedTree } from "../mounted_tree.ts";
import { mustRun, runTool } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { CaseTree } from "./case_tree.ts";
import { materialize } from "./materialize.ts";
import { withImageFile } from "./plain_sink.ts";

function someTree(): CaseTree {
  const tree = new CaseTree().directory("large").file("file", { size: 300_000 });
  for (let i = 0; i < 300; i++) tree.file(`large/a name for file number ${i}`, { size: i });
  return tree.symlink("slow", "s".repeat(100)).file("gone", { size: 20_000 });
}

function open(image: string): { reader: Ext4Reader; notices: Notice[] } {
  const notices: Notice[] = [];
  const reader = openExt4(fileSource(image), (notice) => notices.push(notice));
  return { reader, notices };
}

const NEEDS = ["root", "mke2fs", "mount:ext4"];
const OPTIONS: readonly (readonly string[])[] = [
  ["-b", "1024"],
  ["-b", "4096", "-O", "^metadata_csum,^64bit"],
  ["-b", "4096", "-O", "^64bit"],
];
for (const options of OPTIONS) {
  toolTest(`openExt4() replays a journal of the kernel: ${options.join(" ")}`, NEEDS, async () => {
    await withImageFile((image) => {
      mustRun("mke2fs", ["-q", "-t", "ext4", ...options, image, "64M"]);
      const dirty = `${image}.dirty`;
      withMountedImage(image, (directory) => {
        materialize(someTree().finish(), directory);
        mustRun("sync", ["-f", directory]);
        // Blocks of directories that are free again are revoked.
        mustRun("rm", ["-r", `${directory}/large`, `${directory}/gone`]);
        mustRun("mkdir", [`${directory}/new`]);
        writeFileSync(`${directory}/new/file`, "x".repeat(10_000));
        mustRun("sync", ["-f", directory]);
        // All of it is in the journal, and in no other place.
        copyFileSync(image, dirty);
      }, { options: "rw" });
      const { reader, notices } = open(dirty);
      deepStrictEqual(notices.map(({ code }) => code), ["JOURNAL_REPLAYED"]);
      const problems: string[] = [];
      reader.check(({ message }) => problems.push(message));
      deepStrictEqual(problems, []);
      ok(reader.tree.root.children!.has("new"));
      // The kernel writes: it comes last.
      withMountedImage(dirty, (directory) => {
        using mounted = new MountedTree(directory);
        const found = compareTrees(
          { tree: reader.tree, reader },
          { tree: mounted.tree, reader: mounted },
        );
        deepStrictEqual([...found].slice(0, 9).map(formatDifference), []);
      }, { options: "rw" });
      reader.close();
    });
  });
}

const JOURNALS: readonly (readonly [name: string, options: readonly string[], open: string])[] = [
  ["without checksums", ["-O", "^64bit,^metadata_csum"], "jo"],
  ["with checksums 2", ["-O", "^64bit"], "jo -c -v 2"],
  ["with checksums 3", ["-O", "64bit"], "jo -c -v 3"],
  ["with checksums 2 and 64 bits", ["-O", "64bit"], "jo -c -v 2"],
  ["with 64 bits", ["-O", "64bit,^metadata_csum"], "jo"],
];
for (const [name, options, open_] of JOURNALS) {
  toolTest(`openExt4() replays a journal ${name}`, ["mke2fs", "debugfs"], async () => {
    await withImageFile((image) => {
      mustRun("mke2fs", ["-q", "-t", "ext4", "-b", "1024", ...options, image, "16M"]);
      const debugfs = (...commands: string[]) =>
        runTool("debugfs", ["-w", "-f", "-", image], { input: `${commands.join("\n")}\n` });
      const bytes = `${image}.bytes`;
      const write = (fill: number, isEscaped = false) => {
        const block = new Uint8Array(1024).fill(fill);
        if (isEscaped) block.set([0xc0, 0x3b, 0x39, 0x98]);
        writeFileSync(bytes, block);
      };
      writeFileSync(bytes, new Uint8Array(5000).fill(9));
      debugfs(`write ${bytes} file`);
      const blocks = mustRun("debugfs", ["-R", "blocks /file", image]).trim().split(/\s+/);
      write(1);
      debugfs(open_, `jw -b ${blocks[0]} ${bytes}`, "jc");
      write(2, true);
      debugfs(open_, `jw -b ${blocks[1]} ${bytes}`, "jc");
      write(3);
      debugfs(open_, `jw -b ${blocks[2]} ${bytes}`, "jc");
      // Revoked: what the journal has of the third block is old.
      debugfs(open_, `jw -r ${blocks[2]}`, "jc");
      const { reader, notices } = open(image);
      deepStrictEqual(notices.map(({ code }) => code), ["JOURNAL_REPLAYED"]);
      const content = reader.tree.root.children!.get("file")!.content!;
      const piece = new Uint8Array(5000);
      strictEqual(reader.read(content, piece, 0), 5000);
      const firsts = [0, 1, 2, 3].map((block) => piece[1024 * block]);
      deepStrictEqual([...firsts, piece[1028]], [1, 0xc0, 9, 9, 2]);
      reader.close();
      // The oracle writes: it comes last.
      mustRun("debugfs", ["-w", "-R", "jr", image]);
      const { reader: replayed, notices: none } = open(image);
      deepStrictEqual(none, []);
      const other = new Uint8Array(5000);
      replayed.read(replayed.tree.root.children!.get("file")!.content!, other, 0);
      deepStrictEqual(other, piece);
      replayed.close();
    });
  });
}
