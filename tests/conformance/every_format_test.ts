/**
 * Every format from every format: a tree is written as A, opened as an image, converted to B, and
 * must be what it was; converted back to A it must be A byte for byte.
 *
 * @module
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { gpt } from "../../src/disk/gpt.ts";
import { qcow2 } from "../../src/disk/qcow2.ts";
import { verity } from "../../src/disk/verity.ts";
import { vhd } from "../../src/disk/vhd.ts";
import type { ImageFormat } from "../../src/format/image_format.ts";
import { convert } from "../../src/convert/convert.ts";
import { openImage } from "../../src/transport/open_image.ts";
import { type ComparedTree, compareTrees, formatDifference } from "../../src/tree/compare.ts";
import { type FileTree, walk } from "../../src/tree/file_tree.ts";
import { FileKind, type Inode, NO_XATTRS } from "../../src/tree/inode.ts";
import { toolTest } from "../tools.ts";
import { ROUND_FORMATS, type RoundFormat, roundFormat } from "./every_format.ts";
import { type GeneratedContent, generatedReader } from "./generated_content.ts";
import { arbitraryStep, buildTree } from "./random_tree.ts";
import { CREATED_SECONDS, writeTree } from "./write_tree.ts";

const LATEST_SECONDS = 2 ** 32;

/** Takes out of a random tree what one of the two cannot hold: see `format_limits_test.ts`. */
function tamed(
  tree: FileTree<GeneratedContent>,
  formats: readonly RoundFormat[],
  hasEvenHoles: boolean,
): FileTree<GeneratedContent> {
  const has = (name: string) => formats.some((format) => format.name === name);
  const holeSize = Math.max(...formats.map((format) => format.holeSize));
  for (const { inode } of walk(tree)) {
    inode.mtimeSeconds = Math.abs(inode.mtimeSeconds) % LATEST_SECONDS;
    if (formats.some(({ wholeSeconds }) => wholeSeconds)) inode.mtimeNanoseconds = 0;
    inode.atimeSeconds = inode.mtimeSeconds;
    inode.atimeNanoseconds = inode.mtimeNanoseconds;
    if (inode.kind === FileKind.symlink) inode.permissions = 0o777;
    if (has("cpio")) inode.xattrs = NO_XATTRS;
    // A file system of this machine has them for files and directories alone.
    else if (has("directory") && !isFileOrDirectory(inode)) {
      inode.xattrs = inode.xattrs.filter(({ name }) => !name.startsWith("user."));
    }
    if (inode.content !== null) tameContent(inode, hasEvenHoles ? holeSize : 1);
  }
  return tree;
}

function isFileOrDirectory({ kind }: Inode): boolean {
  return kind === FileKind.regular || kind === FileKind.directory;
}

/** Makes holes whole pieces of `holeSize`, and not too large. */
function tameContent(inode: Inode<GeneratedContent>, holeSize: number): void {
  const { data, seed } = inode.content!;
  const end = data.at(-1)?.[1] ?? 0;
  const size = Math.min(inode.size, end + 2_000_000);
  if (holeSize === Infinity) {
    inode.content = { seed, data, writesZeros: true };
    inode.size = size;
    return;
  }
  if (holeSize === 1) {
    inode.size = size;
    return;
  }
  inode.size = Math.ceil(size / holeSize) * holeSize;
  const pieces: [number, number][] = [];
  for (const [start, stop] of data) {
    const piece = [Math.floor(start / holeSize), Math.ceil(stop / holeSize)]
      .map((it) => it * holeSize);
    const last = pieces.at(-1);
    if (last !== undefined && piece[0] <= last[1]) last[1] = piece[1];
    else pieces.push([piece[0], piece[1]]);
  }
  inode.content = { seed, data: pieces, writesZeros: false };
}

/** What differs, and holes of the source that became data though they fit. */
function complaints(
  expected: FileTree<GeneratedContent>,
  found: ComparedTree<unknown>,
  source: RoundFormat,
  target: RoundFormat,
): string[] {
  const wanted = { tree: expected, reader: generatedReader };
  // Reading a directory changes its times.
  const ignore = target.name === "directory" ? ["atime"] as const : [];
  const list = [...compareTrees(wanted, found, { ignore })].map(formatDifference).slice(0, 10);
  const holeSize = Math.max(source.holeSize, target.holeSize);
  for (const { path, inode } of walk(expected)) {
    // What reads a tar here tells no holes: converted back, they show.
    if (
      list.length > 0 || target.name === "tar" || inode.content === null || holeSize === Infinity
    ) continue;
    if (inode.content.writesZeros) continue;
    const content = contentAt(found.tree, path);
    for (let at = 0; at + holeSize <= inode.size; at += holeSize) {
      if (generatedReader.seekData(inode.content, at) < at + holeSize) continue;
      const data = found.reader!.seekData(content, at);
      if (data < at + holeSize) list.push(`${path}: hole at ${at} has data at ${data}`);
    }
  }
  return list;
}

function contentAt(tree: FileTree<unknown>, path: string): unknown {
  let inode = tree.root;
  for (const name of path.split("/")) inode = inode.children!.get(name)!;
  return inode.content;
}

async function converted(from: RoundFormat, path: string, to: RoundFormat, directory: string) {
  Deno.mkdirSync(directory);
  const output = to.path(directory);
  const image = await openImage(from.reference(path));
  try {
    const { notices } = await convert(image, await to.create(), to.sink(output), {
      createdSeconds: CREATED_SECONDS,
      workers: 0,
    });
    deepStrictEqual(notices, []);
  } finally {
    await image.close();
  }
  return output;
}

function digestOf(path: string): string {
  return createHash("sha256").update(Deno.readFileSync(path)).digest("hex");
}

async function withDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = Deno.makeTempDirSync({ prefix: "every_format_" });
  try {
    await use(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

const steps = fc.array(arbitraryStep, { maxLength: 25, size: "max" });

for (const source of ROUND_FORMATS) {
  for (const target of ROUND_FORMATS) {
    const needs = [...new Set([...source.needs, ...target.needs])];
    toolTest(`${source.name} to ${target.name} and back keeps everything`, needs, async () => {
      const property = fc.asyncProperty(steps, fc.boolean(), async (made, hasEvenHoles) => {
        await withDirectory(async (directory) => {
          const tree = tamed(buildTree(made).finish(), [source, target], hasEvenHoles);
          const original = source.path(directory);
          await writeTree(await source.create(), tree, source.sink(original));
          const there = await converted(source, original, target, `${directory}/there`);
          await target.look(there, (found) => {
            deepStrictEqual(complaints(tree, found, source, target), []);
          });
          if (!hasEvenHoles || source.name === "directory") return;
          const again = await converted(source, original, source, `${directory}/again`);
          const back = await converted(target, there, source, `${directory}/back`);
          strictEqual(digestOf(back), digestOf(again));
        });
      });
      await fc.assert(property, { numRuns: 12, endOnFailure: true });
    });
  }
}

/** What goes around an image, and is looked through. */
const DISKS:
  readonly (readonly [string, (format: ImageFormat<unknown>) => ImageFormat<unknown>])[] = [
    ["a partition with a hash tree", (format) => gpt(verity(format))],
    ["a VHD", vhd],
    ["a compressed qcow2", (format) => qcow2(format, { compression: "zstd" })],
    ["a qcow2 of a partition", (format) => qcow2(gpt(format))],
    ["a VHD of a partition", (format) => vhd(gpt(format))],
  ];

for (const [index, [disk, around]] of DISKS.entries()) {
  for (const name of ["ext4", "squashfs", "erofs"]) {
    // One of them each: that every format becomes every other was seen above.
    const target = roundFormat(["tar", "erofs", "cpio", "squashfs", "ext4"][index]);
    Deno.test(`${name} in ${disk} becomes ${target.name}`, async () => {
      const source = roundFormat(name);
      const property = fc.asyncProperty(steps, async (made) => {
        await withDirectory(async (directory) => {
          const tree = tamed(buildTree(made).finish(), [source, target], true);
          const original = `${directory}/disk`;
          const image = source.sink(original);
          await writeTree(around(await source.create()), tree, image);
          const there = await converted(source, original, target, `${directory}/there`);
          await target.look(there, (found) => {
            deepStrictEqual(complaints(tree, found, source, target), []);
          });
        });
      });
      await fc.assert(property, { numRuns: 6, endOnFailure: true });
    });
  }
}
