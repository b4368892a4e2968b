/**
 * Our reader before images that others made, and our images beside theirs: of one tar, all tell of
 * the same tree.
 *
 * @module
 */
import { deepStrictEqual, match, ok, throws } from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { convert } from "../../src/convert/convert.ts";
import { squashfs, type SquashfsContent } from "../../src/format/squashfs/format.ts";
import { openSquashfs, type SquashfsReader } from "../../src/format/squashfs/reader.ts";
import { ImageError } from "../../src/image_error.ts";
import { fileSink } from "../../src/io/file_sink.ts";
import { fileSource } from "../../src/io/file_source.ts";
import { openImage } from "../../src/transport/open_image.ts";
import { compareTrees, formatDifference, type TreeField } from "../../src/tree/compare.ts";
import type { ContentReader } from "../../src/tree/content_reader.ts";
import type { FileTree } from "../../src/tree/file_tree.ts";
import { mustRun } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { CaseTree } from "./case_tree.ts";
import { generatedReader } from "./generated_content.ts";
import { materialize } from "./materialize.ts";
import { squashfsExpectation } from "./squashfs_cases.ts";

/** All kinds of files, small and large, equal ones, with holes, with attributes, in long lists. */
function richTree(): FileTree<unknown> & { readonly root: ReturnType<CaseTree["finish"]>["root"] } {
  const tree = new CaseTree()
    .directory("d", { permissions: 0o1777, mtime: 5 })
    .directory("large")
    .file("d/file", { size: 300_001, uid: 70_000, xattrs: { "user.a": "b", "trusted.c": "d" } })
    .file("d/hole", { size: 1_000_000, data: [[500_000, 500_009]] })
    .file("d/zeros", { size: 400_000, data: [[0, 5]] })
    .file("d/even", { size: 262_144, xattrs: { "user.large": "x".repeat(3000), "user.a": "b" } })
    .file("d/same", { size: 10, xattrs: { "user.large": "x".repeat(3000), "user.z": "other" } })
    .symlink("link", "d/file").symlink("long", "s".repeat(500), { uid: 3, gid: 4 })
    .device("device", "blockDevice", 8, 300).device("narrow", "characterDevice", 5, 1)
    .special("fifo", "fifo")
    .link("again", "d/file");
  for (let i = 0; i < 1500; i++) tree.file(`large/a longer name for file ${i}`, { size: i % 50 });
  for (let i = 0; i < 40; i++) tree.file(`t${i}`, { size: 5000 + i });
  return squashfsExpectation(tree.finish());
}

function differences<A, B>(
  a: FileTree<A>,
  readerOfA: ContentReader<A>,
  b: SquashfsReader,
  ignore: readonly TreeField[] = [],
): string[] {
  const problems: string[] = [];
  b.check(({ message }) => problems.push(message));
  const found = { tree: b.tree, reader: b as ContentReader<SquashfsContent> };
  for (const it of compareTrees({ tree: a, reader: readerOfA }, found, { ignore })) {
    problems.push(formatDifference(it));
  }
  return problems.slice(0, 20);
}

async function withDirectory(use: (directory: string) => void | Promise<void>): Promise<void> {
  const directory = Deno.makeTempDirSync({ prefix: "squashfs_peer_" });
  try {
    await use(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

const MKSQUASHFS_VARIANTS: readonly (readonly string[])[] = [
  ["-comp", "gzip"],
  ["-comp", "zstd", "-b", "1M"],
  ["-comp", "xz", "-b", "64K"],
  ["-comp", "lz4"],
  ["-comp", "lz4", "-Xhc", "-b", "4K"],
  ["-comp", "lzma"],
  ["-comp", "gzip", "-noI", "-noD", "-noF", "-noX", "-noId"],
  ["-comp", "gzip", "-no-fragments"],
  ["-comp", "gzip", "-always-use-fragments", "-no-duplicates"],
  ["-comp", "zstd", "-no-exports", "-no-sparse", "-b", "8K"],
  ["-comp", "gzip", "-nopad", "-Xcompression-level", "1", "-Xwindow-size", "10"],
];

for (const options of MKSQUASHFS_VARIANTS) {
  const name = `openSquashfs() reads what mksquashfs wrote: ${options.join(" ")}`;
  toolTest(name, ["root", "mksquashfs"], async () => {
    await withDirectory((directory) => {
      const tree = richTree();
      Deno.mkdirSync(`${directory}/root`);
      materialize(tree as never, `${directory}/root`);
      const args = [`${directory}/root`, `${directory}/image`, "-no-progress", "-quiet"];
      mustRun("mksquashfs", [...args, ...options]);
      const reader = openSquashfs(fileSource(`${directory}/image`));
      deepStrictEqual(differences(tree as never, generatedReader, reader), []);
      reader.close();
    });
  });
}

const needsGensquashfs = ["root", "gensquashfs"];
for (const codec of ["gzip", "xz", "lz4", "zstd", "lzma"]) {
  toolTest(`openSquashfs() reads what gensquashfs wrote: ${codec}`, needsGensquashfs, async () => {
    await withDirectory((directory) => {
      const tree = richTree();
      Deno.mkdirSync(`${directory}/root`);
      materialize(tree as never, `${directory}/root`);
      const args = ["-q", "-k", "-x", "-c", codec, "-D", `${directory}/root`];
      mustRun("gensquashfs", [...args, `${directory}/image`]);
      const reader = openSquashfs(fileSource(`${directory}/image`));
      // It makes a file of each name, and the root as it likes.
      const ignore: TreeField[] = ["link", "linkCount"];
      const found = differences(tree as never, generatedReader, reader, ignore);
      deepStrictEqual(found.filter((line) => !line.startsWith("/: ")), []);
      reader.close();
    });
  });
}

toolTest("openSquashfs() refuses lzo by name", ["root", "mksquashfs"], async () => {
  await withDirectory((directory) => {
    Deno.mkdirSync(`${directory}/root`);
    const args = [`${directory}/root`, `${directory}/image`, "-no-progress", "-quiet"];
    mustRun("mksquashfs", [...args, "-comp", "lzo"]);
    throws(() => openSquashfs(fileSource(`${directory}/image`)), (error) => {
      ok(error instanceof ImageError);
      deepStrictEqual(error.code, "UNSUPPORTED");
      match(error.message, /it is lzo, expected gzip, lzma, xz, lz4, zstd/);
      return true;
    });
  });
});

/** Other programs that make an image of a tar. */
const MAKERS: Readonly<Record<string, (tar: string, image: string, codec: string) => string>> = {
  mksquashfs: (tar, image, codec) =>
    `mksquashfs - ${image} -tar -no-progress -quiet -comp ${codec} < ${tar}`,
  tar2sqfs: (tar, image, codec) => `tar2sqfs -q -c ${codec} ${image} < ${tar}`,
};

for (const [program, command] of Object.entries(MAKERS)) {
  for (const codec of ["gzip", "zstd"]) {
    const name = `squashfs() and ${program} make the same tree of a tar: ${codec}`;
    toolTest(name, ["root", program, "tar"], async () => {
      await withDirectory(async (directory) => {
        const root = `${directory}/root`;
        Deno.mkdirSync(root);
        materialize(richTree() as never, root);
        const tar = `${directory}/image.tar`;
        const args = ["--format=pax", "--xattrs", "--xattrs-include=*", "-C", root, "-cf", tar];
        mustRun("tar", [...args, "."]);
        mustRun("sh", ["-c", command(tar, `${directory}/theirs`, codec)]);
        const image = await openImage(`tar:${tar}`);
        const compression = codec;
        const ours = `${directory}/ours`;
        await convert(image, squashfs({ compression }), fileSink(ours));
        await image.close();
        const a = openSquashfs(fileSource(ours));
        const b = openSquashfs(fileSource(`${directory}/theirs`));
        // tar2sqfs counts every name in a directory as a link to it.
        const found = differences(a.tree, a, b, program === "tar2sqfs" ? ["linkCount"] : []);
        // They make the root by themselves.
        deepStrictEqual(found.filter((line) => !line.startsWith("/: ")), []);
        const size = (path: string) => statSync(path).size;
        ok(size(ours) <= size(`${directory}/theirs`) * 1.02 + 4096, "the image is larger");
        a.close();
        b.close();
        ok(readFileSync(ours).length % 4096 === 0);
      });
    });
  }
}
