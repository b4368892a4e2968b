/**
 * Our EROFS reader before damaged images: only `ImageError`, and work that the image's size bounds.
 *
 * @module
 */
import { ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { erofs, type ErofsOptions } from "../../src/format/erofs/format.ts";
import { openErofs } from "../../src/format/erofs/reader.ts";
import { superblockChecksum } from "../../src/format/erofs/superblock.ts";
import { ImageError } from "../../src/image_error.ts";
import { memorySink } from "../../src/io/memory_sink.ts";
import { memorySource } from "../../src/io/memory_source.ts";
import { walk } from "../../src/tree/file_tree.ts";
import { mustRun } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { CaseTree } from "./case_tree.ts";
import { materialize } from "./materialize.ts";
import { withImageFile } from "./plain_sink.ts";
import { writeTree } from "./write_tree.ts";

/** One change of an image. */
interface Mutation {
  readonly kind: "byte" | "bit" | "word" | "copy";
  readonly place: number;
  readonly value: number;
}

const WORDS = [0, 1, 2, 3, 4, 8, 11, 0x7fff, 0xffff, 0x10000, 0x7fff_ffff, 0xffff_ffff];

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom("byte", "bit", "word", "copy"),
  place: fc.nat({ max: 0x7fff_ffff }),
  value: fc.oneof(fc.constantFrom(...WORDS), fc.nat({ max: 0x7fff_ffff })),
});

function richTree(): CaseTree {
  const tree = new CaseTree().directory("d").directory("d/e").directory("d/e/f").directory("large");
  for (let i = 0; i < 150; i++) tree.file(`large/a longer name for file ${i}`, { size: i % 3 });
  return tree
    .file("scattered", { data: Array.from({ length: 40 }, (_, i) => [i * 2048, i * 2048 + 5]) })
    .file("compressible", { size: 100_000 })
    .file("d/file", { size: 3000, xattrs: { "user.a": "b", "trusted.c": "" } })
    .file("d/block", { xattrs: { "user.a": "x".repeat(300), "user.b": "y" } })
    .file("d/e/1", { xattrs: { "user.same": "s" } }).file("d/e/2", { xattrs: { "user.same": "s" } })
    .file("d/e/3", { xattrs: { "user.same": "s" } })
    .symlink("fast", "d/file").symlink("slow", "s".repeat(900))
    .device("device", "blockDevice", 8, 300).special("fifo", "fifo").link("again", "d/file");
}

/** Applies changes where they matter: places count only bytes that are in use. */
function mutate(image: Uint8Array, used: Uint32Array, mutations: readonly Mutation[]): Uint8Array {
  const bytes = image.slice();
  const view = new DataView(bytes.buffer);
  for (const { kind, place, value } of mutations) {
    const at = used[place % used.length];
    if (kind === "byte") bytes[at] = value;
    else if (kind === "bit") bytes[at] ^= 1 << value % 8;
    else if (kind === "word") view.setUint32(Math.min(at - at % 4, bytes.length - 4), value, true);
    else {bytes.copyWithin(
        at & ~31,
        used[value % used.length] & ~31,
        (used[value % used.length] & ~31) + 32,
      );}
  }
  // Damage behind the checksum is what is looked for.
  const size = Math.max(1024, 2 ** bytes[1024 + 12] - 1024);
  if (size < bytes.length - 1024) {
    view.setUint32(1028, superblockChecksum(bytes.subarray(1024, 1024 + size)), true);
  }
  return bytes;
}

/** Opens an image and reads what it says; answers whether it could be opened. */
function readAll(bytes: Uint8Array): boolean {
  const source = memorySource(bytes);
  let readBytes = 0;
  const counting = {
    ...source,
    read(into: Uint8Array, position: number) {
      readBytes += into.length;
      return source.read(into, position);
    },
  };
  // Pieces of metadata are 64 KiB: a small image is read as one.
  const bound = 100 * (bytes.length + 65_536);
  try {
    const reader = openErofs(counting);
    ok(readBytes < bound, `${readBytes} bytes were read to open`);
    const buffer = new Uint8Array(4096);
    for (const { inode } of walk(reader.tree)) {
      let position = 0;
      for (let i = 0; i < 20 && inode.content !== null && position < inode.size; i++) {
        position = inode.size > 2 ** 40 ? position : reader.seekData(inode.content, position);
        if (position >= inode.size) break;
        const count = reader.read(inode.content, buffer, position);
        strictEqual(count, Math.min(buffer.length, inode.size - position));
        position += count;
      }
    }
    return true;
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    ok(readBytes < bound, `${readBytes} bytes were read to fail`);
    return false;
  }
}

function checkMutations(image: Uint8Array, numRuns: number): void {
  ok(readAll(image), "the image itself");
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

const OPTIONS: readonly ErofsOptions[] = [
  { blockSize: 1024 },
  { blockSize: 512, compression: "lz4", clusterSize: 4096 },
  { blockSize: 1024, compression: "zstd:1", clusterSize: 16_384 },
  { blockSize: 1024, compression: "deflate:1", clusterSize: 16_384 },
];
for (const options of OPTIONS) {
  const { blockSize, compression = "none" } = options;
  Deno.test(`the erofs reader answers damage with ImageError only: ${compression} ${blockSize}`, async () => {
    const sink = memorySink();
    await writeTree(erofs({ ...options, compressionWorkers: 0 }), richTree().finish(), sink);
    checkMutations(sink.bytes, 1000);
  });
}

const MKFS_ARGS = ["-zlz4hc", "-zlz4hc -C65536 -Eztailpacking", "--chunksize=4096"];
for (const args of MKFS_ARGS) {
  toolTest(
    `the erofs reader answers damage of an image of mkfs.erofs ${args}`,
    ["root", "mkfs.erofs"],
    async () => {
      await withImageFile((image) => {
        const directory = `${image}.directory`;
        Deno.mkdirSync(directory);
        materialize(richTree().finish(), directory);
        mustRun("mkfs.erofs", [...args.split(" "), image, directory]);
        checkMutations(Deno.readFileSync(image), 500);
      });
    },
  );
}
