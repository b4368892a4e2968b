/**
 * Our reader before damaged images: only `ImageError`, and work that the image's size bounds.
 *
 * @module
 */
import { ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { ext4 } from "../../src/format/ext4/format.ts";
import { openExt4 } from "../../src/format/ext4/reader.ts";
import { ImageError } from "../../src/image_error.ts";
import type { ByteSource } from "../../src/io/byte_source.ts";
import { memorySink } from "../../src/io/memory_sink.ts";
import { memorySource } from "../../src/io/memory_source.ts";
import { walk } from "../../src/tree/file_tree.ts";
import { mustRun, runTool } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { CaseTree } from "./case_tree.ts";
import { materialize } from "./materialize.ts";
import { withImageFile } from "./plain_sink.ts";
import { writeTree } from "./write_tree.ts";

/** One change of an image. */
type Mutation =
  | { readonly kind: "byte"; readonly place: number; readonly value: number }
  | { readonly kind: "bit"; readonly place: number; readonly bit: number }
  | { readonly kind: "word"; readonly place: number; readonly value: number }
  | { readonly kind: "copy"; readonly place: number; readonly from: number };

const place = fc.noBias(fc.nat({ max: 0x7fff_ffff }));
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant("byte" as const), place, value: fc.nat({ max: 255 }) }),
  fc.record({ kind: fc.constant("bit" as const), place, bit: fc.nat({ max: 7 }) }),
  fc.record({
    kind: fc.constant("word" as const),
    place,
    value: fc.constantFrom(0, 1, 2, 11, 12, 0x7fff_ffff, 0xffff_ffff, 0x8000_0000, 0xf30a, 64),
  }),
  fc.record({ kind: fc.constant("copy" as const), place, from: place }),
);

function richTree(): CaseTree {
  const tree = new CaseTree().directory("d").directory("d/e").directory("d/e/f").directory("large");
  for (let i = 0; i < 150; i++) tree.file(`large/a longer name for file ${i}`, { size: i % 3 });
  return tree
    .file("scattered", { data: Array.from({ length: 400 }, (_, i) => [i * 2048, i * 2048 + 5]) })
    .file("d/file", { size: 3000, xattrs: { "user.a": "b", "trusted.c": "" } })
    .file("d/block", { xattrs: { "user.a": "x".repeat(300), "user.b": "y" } })
    .file("d/acl", {
      xattrs: {
        "system.posix_acl_access": Uint8Array.from(
          [2, 0, 0, 0, 1, 0, 7, 0, 255, 255, 255, 255, 4, 0, 5, 0, 255, 255, 255, 255, 32, 0, 5, 0]
            .concat([255, 255, 255, 255]),
        ),
      },
    })
    .symlink("fast", "d/file").symlink("slow", "s".repeat(90))
    .device("device", "blockDevice", 8, 300).special("fifo", "fifo").link("again", "d/file");
}

/** Counts what is read. */
function counting(bytes: Uint8Array): { source: ByteSource; readBytes: () => number } {
  const source = memorySource(bytes);
  let count = 0;
  return {
    source: {
      ...source,
      read(into, position) {
        count += into.length;
        return source.read(into, position);
      },
    },
    readBytes: () => count,
  };
}

/** Applies changes where they matter: places count only bytes that are in use. */
function mutate(image: Uint8Array, used: Uint32Array, mutations: readonly Mutation[]): Uint8Array {
  const bytes = image.slice();
  const view = new DataView(bytes.buffer);
  for (const change of mutations) {
    const at = used[change.place % used.length];
    if (change.kind === "byte") bytes[at] = change.value;
    else if (change.kind === "bit") bytes[at] ^= 1 << change.bit;
    else if (change.kind === "word") {
      view.setUint32(Math.min(at - at % 4, bytes.length - 4), change.value, true);
    } else {
      const from = used[change.from % used.length] & ~63;
      bytes.copyWithin(at & ~63, from, from + 64);
    }
  }
  return bytes;
}

/** Opens an image and reads all it says; answers whether it could be opened. */
function readAll(bytes: Uint8Array): boolean {
  const { source, readBytes } = counting(bytes);
  // The tables once, every block of a file twice (a directory is read for its index and for its
  // names), and inode tables again where the order of names jumps.
  const bound = 100 * (bytes.length + 4096);
  try {
    const reader = openExt4(source);
    ok(readBytes() < bound, `${readBytes()} bytes were read to open`);
    const buffer = new Uint8Array(4096);
    for (const { inode } of walk(reader.tree)) {
      if (inode.content === null) continue;
      let position = 0;
      for (let i = 0; i < 20 && position < inode.size; i++) {
        position = reader.seekData(inode.content, position);
        if (position >= inode.size) break;
        strictEqual(reader.read(inode.content, buffer, position), buffer.length);
        position += buffer.length;
      }
    }
    // Holes are read as zeros, and may be larger than the image; so is what a check may read.
    const before = readBytes();
    reader.check(() => {});
    ok(readBytes() - before < bound, `${readBytes() - before} bytes were read to check`);
    return true;
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    ok(readBytes() < bound, `${readBytes()} bytes were read to fail`);
    return false;
  }
}

function checkMutations(image: Uint8Array, numRuns: number): void {
  ok(readAll(image), "the image itself");
  // Not the inside of what is one byte over and over: padding, and contents.
  const isEven = (at: number) => image[at - 1] === image[at] && image[at + 1] === image[at];
  const used = Uint32Array.from(image.keys().filter((at) => image[at] !== 0 && !isEven(at)));
  let openedCount = 0;
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 6 }), (mutations) => {
      if (readAll(mutate(image, used, mutations))) openedCount++;
    }),
    { numRuns },
  );
  ok(openedCount < numRuns, "no damage was found at all");
  for (let size = 0; size < image.length; size += 997) {
    strictEqual(readAll(image.slice(0, size)), false, `cut to ${size}`);
  }
}

const FEATURES: readonly [features: string, numRuns: number][] = [
  // Nearly all damage is found by a checksum.
  ["+64bit", 300],
  // None is.
  ["-metadata_csum,-uninit_bg", 1500],
  ["-metadata_csum,-uninit_bg,-64bit,-dir_index", 300],
];
for (const [features, numRuns] of FEATURES) {
  Deno.test(`the ext4 reader answers damage with ImageError only: ${features}`, async () => {
    const sink = memorySink();
    const format = ext4({ blockSize: 1024, readOnly: true, features });
    const tree = richTree()
      .file("large value", { xattrs: { "user.a": "v".repeat(5000), "user.b": "w".repeat(2000) } })
      .file("same value", { xattrs: { "user.a": "v".repeat(5000) } });
    await writeTree(format, tree.finish(), sink);
    checkMutations(sink.bytes, numRuns);
  });
}

const NO_SUMS = "^metadata_csum,^uninit_bg,^has_journal";
const MADE: readonly (readonly [name: string, size: string, options: readonly string[]])[] = [
  ["extents", "1200k", ["-t", "ext4", "-O", `${NO_SUMS},^resize_inode,extents`]],
  ["block pointers", "1200k", ["-t", "ext2"]],
  ["a journal", "4M", ["-t", "ext3", "-J", "size=1"]],
  ["a resize inode", "1200k", ["-t", "ext4", "-O", NO_SUMS]],
  ["clusters", "2M", ["-t", "ext4", "-C", "4096", "-O", `bigalloc,${NO_SUMS},^resize_inode`]],
  ["meta_bg", "1200k", ["-t", "ext4", "-g", "256", "-O", `meta_bg,${NO_SUMS},^resize_inode`]],
  ["an orphan file", "4M", ["-t", "ext4", "-J", "size=1", "-O", "orphan_file,^metadata_csum"]],
];
for (const [name, size, options] of MADE) {
  toolTest(`the ext4 reader answers damage of mke2fs: ${name}`, ["root", "mke2fs"], async () => {
    await withImageFile((image) => {
      const directory = `${image}.directory`;
      Deno.mkdirSync(directory);
      materialize(richTree().finish(), directory);
      mustRun("mke2fs", [
        "-q",
        "-b",
        "1024",
        "-N",
        "200",
        ...options,
        "-d",
        directory,
        image,
        size,
      ]);
      checkMutations(Deno.readFileSync(image), 300);
    });
  });
}

toolTest("the ext4 reader answers damage of a journal", ["mke2fs", "debugfs"], async () => {
  await withImageFile((image) => {
    mustRun("mke2fs", ["-q", "-t", "ext3", "-b", "1024", "-J", "size=1", image, "4M"]);
    const bytes = `${image}.bytes`;
    Deno.writeFileSync(bytes, Deno.readFileSync(image).subarray(1024, 8192));
    const requests = `jo\njw -b 1-7 ${bytes}\njc\njo\njw -r 900-990\njc\n`;
    runTool("debugfs", ["-w", "-f", "-", image], { input: requests });
    checkMutations(Deno.readFileSync(image), 300);
  });
});
