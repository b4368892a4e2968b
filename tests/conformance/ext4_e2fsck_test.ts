/**
 * Our check beside that of e2fsprogs: whatever `e2fsck -n` calls wrong, we call wrong.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { openExt4 } from "../../src/format/ext4/reader.ts";
import { ImageError } from "../../src/image_error.ts";
import { memorySource } from "../../src/io/memory_source.ts";
import { mustRun, runTool } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { CaseTree } from "./case_tree.ts";
import { materialize } from "./materialize.ts";
import { withImageFile } from "./plain_sink.ts";

/** One change: of a bit, a byte or a word. */
const change = fc.record({
  place: fc.noBias(fc.nat({ max: 0x7fff_ffff })),
  kind: fc.constantFrom("bit" as const, "byte" as const, "word" as const),
  value: fc.oneof(
    fc.nat({ max: 255 }),
    fc.constantFrom(0x7fff_ffff, 0xffff_ffff, 0x8000_0000, 0xf30a),
  ),
});

function smallTree(): CaseTree {
  const tree = new CaseTree().directory("d").directory("d/e").directory("large");
  for (let i = 0; i < 60; i++) tree.file(`large/a longer name for file ${i}`);
  return tree
    .file("scattered", { data: Array.from({ length: 12 }, (_, i) => [i * 9000, i * 9000 + 2]) })
    .file("d/file", { size: 2, xattrs: { "user.a": "x".repeat(300) } })
    .file("small", { size: 1, xattrs: { "user.b": "y" } })
    .symlink("fast", "d/file").symlink("slow", "s".repeat(90))
    .device("device", "characterDevice", 5, 1).special("fifo", "fifo").link("again", "d/file");
}

/** All that we have to say about an image. */
function ourComplaints(bytes: Uint8Array<ArrayBuffer>): string[] {
  const complaints: string[] = [];
  try {
    openExt4(memorySource(bytes)).check(({ message }) => complaints.push(message));
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    complaints.push(error.message);
  }
  return complaints;
}

const NO_SUMS = "^metadata_csum,^uninit_bg,^has_journal,^resize_inode";
const IMAGES: readonly (readonly [name: string, size: string, options: readonly string[]])[] = [
  ["ext4", "1200k", ["-t", "ext4", "-O", NO_SUMS]],
  ["ext4 with uninit_bg", "4M", ["-t", "ext4", "-O", "^metadata_csum,uninit_bg,^has_journal"]],
  ["ext4 with inline_data", "1200k", ["-t", "ext4", "-O", `inline_data,${NO_SUMS}`]],
  ["ext4 with bigalloc", "2M", ["-t", "ext4", "-C", "4096", "-O", `bigalloc,${NO_SUMS}`]],
  ["ext4 with meta_bg", "1200k", ["-t", "ext4", "-g", "256", "-O", `meta_bg,${NO_SUMS}`]],
  ["ext4 of small inodes", "1200k", ["-t", "ext4", "-I", "128", "-O", NO_SUMS]],
  ["ext4 with checksums", "2M", ["-t", "ext4", "-O", "metadata_csum,^has_journal"]],
  ["ext3", "4M", ["-t", "ext3", "-J", "size=1"]],
  ["ext2", "1200k", ["-t", "ext2"]],
];
for (const [name, size, options] of IMAGES) {
  const needs = ["root", "mke2fs", "e2fsck"];
  toolTest(`check() finds what e2fsck finds: ${name}`, needs, async () => {
    await withImageFile((image) => {
      const directory = `${image}.directory`;
      mkdirSync(directory);
      materialize(smallTree().finish(), directory);
      mustRun("mke2fs", [
        "-q",
        "-b",
        "1024",
        "-N",
        "128",
        "-U",
        "00112233-4455-6677-8899-aabbccddeeff",
        "-E",
        "hash_seed=00112233-4455-6677-8899-aabbccddeeff",
        ...options,
        "-d",
        directory,
        image,
        size,
      ]);
      const good = Uint8Array.from(readFileSync(image));
      deepStrictEqual(ourComplaints(good.slice()), []);
      // Not the inside of what is one byte over and over: padding, and contents.
      const isEven = (at: number) => good[at - 1] === good[at] && good[at + 1] === good[at];
      const used = Uint32Array.from(
        good.keys().filter((at) => at >= 1024 && good[at] !== 0 && !isEven(at)),
      );
      let foundCount = 0;
      fc.assert(
        fc.property(change, ({ place, kind, value }) => {
          const bytes = good.slice();
          const at = used[place % used.length];
          if (kind === "bit") bytes[at] ^= 1 << value % 8;
          else if (kind === "byte") bytes[at] = value;
          else new DataView(bytes.buffer).setUint32(at - at % 4, value, true);
          const complaints = ourComplaints(bytes);
          if (complaints.length > 0) {
            foundCount++;
            return;
          }
          writeFileSync(image, bytes);
          const { status, stdout } = runTool("e2fsck", ["-fn", image]);
          deepStrictEqual([at, status, status === 0 ? "" : stdout], [at, 0, ""]);
        }),
        // The same changes in every run: where the two differ should be no matter of luck.
        { numRuns: 100, seed: 25 },
      );
      ok(foundCount > 20, `${foundCount} changes were found`);
    });
  });
}
