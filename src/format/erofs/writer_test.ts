import { Buffer } from "node:buffer";
import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { withSlowClock } from "../../../tests/slow_clock.ts";
import { ImageError } from "../../image_error.ts";
import { memorySink } from "../../io/memory_sink.ts";
import { memorySource } from "../../io/memory_source.ts";
import { FileKind, Inode, type Xattr } from "../../tree/inode.ts";
import { emptyTree } from "../../tree/file_tree.ts";
import { ChunkedContent, type ErofsContent, FlatContent } from "./content.ts";
import { erofs, type ErofsOptions } from "./format.ts";
import { openErofs } from "./reader.ts";

const CONTEXT = {
  identity: () => "sha256:0123",
  createdSeconds: 1_700_000_000,
  expectedBytes: 0,
  onNotice: () => {},
};

/** An image of what `fill` puts into an empty tree. */
async function imageOf(
  options: ErofsOptions,
  fill: (writer: ReturnType<typeof begin>["writer"], root: Inode<ErofsContent>) => void,
): Promise<Uint8Array> {
  const { writer, sink, open } = begin(options);
  try {
    const tree = emptyTree<ErofsContent>();
    fill(writer, tree.root);
    await writer.finish(tree);
    open.commit();
    return sink.bytes;
  } finally {
    writer.close?.();
  }
}

function begin(options: ErofsOptions) {
  const sink = memorySink();
  const open = sink.open();
  return { sink, open, writer: erofs(options).createWriter(open, CONTEXT) };
}

function fileOf(
  writer: ReturnType<typeof begin>["writer"],
  size: number,
  write: (file: ReturnType<typeof writer.beginFile>) => void,
): Inode<ErofsContent> {
  const inode = new Inode<ErofsContent>(FileKind.regular, 0o644);
  inode.size = size;
  const file = writer.beginFile(size);
  write(file);
  inode.content = file.end();
  return inode;
}

/** Bytes that compress, with something of their own in each block. */
function someBytes(size: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => i >> 6 ^ seed * 7 ^ i % 11);
}

Deno.test("finish() and check() stop by a signal", async () => {
  const soon = () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort("enough"), 0);
    return controller.signal;
  };
  const isReason = (error: unknown) => error === "enough";
  const fill = (root: Inode<ErofsContent>) => {
    for (let i = 0; i < 1000; i++) root.children!.set(`${i}`, new Inode(FileKind.fifo, 0o644));
  };
  const sink = memorySink();
  const writer = erofs().createWriter(sink.open(), { ...CONTEXT, signal: soon() });
  const tree = emptyTree<ErofsContent>();
  fill(tree.root);
  await withSlowClock(() => rejects(writer.finish(tree), isReason));
  writer.close?.();
  const image = await imageOf({}, (_, root) => fill(root));
  const reader = openErofs(memorySource(image));
  await withSlowClock(() => rejects(async () => await reader.check(() => {}, soon()), isReason));
});

for (const compression of ["none", "lz4"]) {
  Deno.test(`the same bytes whatever the input takes for a hole: ${compression}`, async () => {
    const images: Uint8Array[] = [];
    for (const isSkipped of [false, true]) {
      images.push(
        await imageOf({ compression, compressionWorkers: 0 }, (writer, root) => {
          for (const zeros of [1, 4095, 4096, 8192, 65_535, 65_536, 70_000, 300_000, 40_000_000]) {
            const file = fileOf(writer, 2 * zeros + 9000, (file) => {
              for (const bytes of [4096, 4904]) {
                file.write(someBytes(bytes));
                if (isSkipped) file.skip(zeros);
                else file.write(new Uint8Array(zeros));
              }
            });
            root.children!.set(`${zeros}`, file);
          }
        }),
      );
    }
    ok(Buffer.from(images[0]).equals(images[1]));
  });
}

Deno.test("beginFile() makes a tail of a small file, blocks of whole ones, chunks around holes", () => {
  const { writer } = begin({});
  const small = fileOf(writer, 100, (file) => file.write(someBytes(100))).content;
  ok(small instanceof FlatContent && small.blockCount === 0 && small.tail === 0);
  const two = fileOf(writer, 8200, (file) => file.write(someBytes(8200))).content;
  deepStrictEqual(two, new FlatContent(1, 2, 100));
  // More than seven eighths of a block are a block.
  const full = fileOf(writer, 3585, (file) => file.write(someBytes(3585))).content;
  deepStrictEqual(full, new FlatContent(3, 1, -1));
  const less = fileOf(writer, 3584, (file) => file.write(someBytes(3584))).content;
  deepStrictEqual(less, new FlatContent(0, 0, 108));
  const sparse = fileOf(writer, 34 * 4096 + 1, (file) => {
    file.skip(16 * 4096);
    file.write(someBytes(4096));
    file.skip(17 * 4096);
    file.write(Uint8Array.of(1));
  }).content;
  deepStrictEqual(
    sparse,
    new ChunkedContent(0, [
      { logicalBlock: 16, startBlock: 4, blockCount: 1 },
      { logicalBlock: 34, startBlock: 5, blockCount: 1 },
    ]),
  );
  const hole = fileOf(writer, 2 ** 40 + 5, (file) => file.skip(2 ** 40 + 5)).content;
  deepStrictEqual(hole, new ChunkedContent(29, []));
  writer.close?.();
});

Deno.test("beginFile() makes holes of 64 KiB of zeros, and none of fewer", () => {
  const { writer } = begin({});
  const withZeros = (zeros: number) =>
    fileOf(writer, 8192 + zeros, (file) => {
      file.write(someBytes(4096));
      file.write(new Uint8Array(zeros));
      file.write(someBytes(4096));
    }).content;
  ok(withZeros(61_440) instanceof FlatContent);
  ok(withZeros(65_536) instanceof ChunkedContent);
  writer.close?.();
});

Deno.test("finish() leaves nothing of released files in the image", async () => {
  const mark = new TextEncoder().encode("do not keep me");
  for (const compression of ["none", "zstd:1"]) {
    const image = await imageOf({ compression, compressionWorkers: 0 }, (writer, root) => {
      const dead = fileOf(writer, 9000, (file) => {
        file.write(mark);
        file.write(crypto.getRandomValues(new Uint8Array(9000 - mark.length)));
      });
      root.children!.set("a", fileOf(writer, 9000, (file) => file.write(someBytes(9000))));
      writer.release(dead.content!);
    });
    const text = new TextDecoder("latin1").decode(image);
    strictEqual(text.includes("do not keep me"), false);
  }
});

Deno.test("the same bytes for any number of workers", async () => {
  for (const compression of ["lz4", "deflate:6", "zstd:3"]) {
    const images: Uint8Array[] = [];
    for (const compressionWorkers of [0, 1, 4]) {
      images.push(
        await imageOf({ compression, compressionWorkers }, (writer, root) => {
          for (let i = 0; i < 40; i++) {
            const size = i * 9001 + 1;
            const bytes = i % 4 === 3 ? new Uint8Array(4090).fill(i) : someBytes(size, i);
            root.children!.set(`${i}`, fileOf(writer, bytes.length, (file) => file.write(bytes)));
            // Zeros between, in a compressed file and in one that is nearly all hole.
            for (const zeros of i % 8 === 0 ? [i * 40_000 + 70_000, 40_000_000] : []) {
              const sparse = fileOf(writer, zeros + 50_000, (file) => {
                file.write(someBytes(50_000, i));
                file.skip(zeros);
              });
              root.children!.set(`${i} and ${zeros}`, sparse);
            }
          }
        }),
      );
    }
    for (const image of images) ok(Buffer.from(image).equals(images[0]), compression);
  }
});

Deno.test("files that do not compress are flat, those that do are read back", async () => {
  const noise = new Uint8Array(200_000);
  let state = 1;
  for (let i = 0; i < noise.length; i++) {
    state = Math.imul(state, 1_664_525) + 1_013_904_223 | 0;
    noise[i] = state >>> 24;
  }
  const image = await imageOf({ compression: "zstd", compressionWorkers: 0 }, (writer, root) => {
    root.children!.set("noise", fileOf(writer, noise.length, (file) => file.write(noise)));
    root.children!.set(
      "mixed",
      fileOf(writer, 400_000, (file) => {
        file.write(someBytes(200_000));
        file.write(noise);
      }),
    );
  });
  const reader = openErofs(memorySource(image));
  strictEqual(reader.description.details.compression, "zstd");
  const { content } = reader.tree.root.children!.get("noise")!;
  strictEqual(content!.constructor.name, "FoundFlat");
  const mixed = new Uint8Array(400_000);
  strictEqual(reader.read(reader.tree.root.children!.get("mixed")!.content!, mixed, 0), 400_000);
  deepStrictEqual(mixed.subarray(0, 200_000), someBytes(200_000));
  deepStrictEqual(mixed.subarray(200_000), noise);
  ok(image.length < 440_000);
});

Deno.test("the label and the UUID are in the image; the UUID depends on input and options", async () => {
  const uuids = new Set<string | null>();
  for (const options of [{}, { blockSize: 1024 }, { compression: "lz4", compressionWorkers: 0 }]) {
    const { description } = openErofs(memorySource(await imageOf(options, () => {})));
    uuids.add(description.uuid);
  }
  strictEqual(uuids.size, 3);
  const uuid = "01234567-89ab-cdef-0123-456789abcdef";
  const image = await imageOf({ label: "röôt", uuid }, () => {});
  const { description } = openErofs(memorySource(image));
  strictEqual(description.uuid, uuid);
  strictEqual(description.label, "r\xc3\xb6\xc3\xb4t");
});

const REFUSED: readonly [
  what: string,
  code: string,
  change: (root: Inode<ErofsContent>) => void,
][] = [
  ["a name of 256 bytes", "LIMIT_EXCEEDED", (root) => add(root, "n".repeat(256))],
  ["the name ..", "UNSAFE_PATH", (root) => add(root, "..")],
  ["a long target", "LIMIT_EXCEEDED", (root) => {
    const link = new Inode<ErofsContent>(FileKind.symlink, 0o777);
    link.target = "t".repeat(4096);
    root.children!.set("link", link);
  }],
  ["a large device number", "LIMIT_EXCEEDED", (root) => {
    const device = new Inode<ErofsContent>(FileKind.blockDevice, 0o600);
    device.deviceMajor = 4096;
    root.children!.set("device", device);
  }],
  ["an attribute without a place", "UNSUPPORTED", (root) => xattr(root, "system.nfs4_acl", 1)],
  ["a large attribute", "LIMIT_EXCEEDED", (root) => xattr(root, "user.a", 65_536)],
  ["too many attributes", "LIMIT_EXCEEDED", (root) => {
    const value = new Uint8Array(65_000);
    add(root, "f").xattrs = Array.from(
      { length: 5 },
      (_, i): Xattr => ({ name: `user.${i}`, value }),
    );
  }],
];

function add(root: Inode<ErofsContent>, name: string): Inode<ErofsContent> {
  const inode = new Inode<ErofsContent>(FileKind.regular, 0o644);
  root.children!.set(name, inode);
  return inode;
}

function xattr(root: Inode<ErofsContent>, name: string, size: number): void {
  add(root, "file").xattrs = [{ name, value: new Uint8Array(size) }];
}

for (const [what, code, change] of REFUSED) {
  Deno.test(`finish() refuses ${what} with its path`, async () => {
    await rejects(imageOf({}, (_, root) => change(root)), (error) => {
      ok(error instanceof ImageError && error.where.path !== undefined, `${error}`);
      strictEqual(error.code, code);
      return true;
    });
  });
}

Deno.test("finish() names the path of what it refuses in a directory", async () => {
  const refused = imageOf({}, (_, root) => {
    let directory = root;
    for (const name of ["a", "b"]) {
      const child = new Inode<ErofsContent>(FileKind.directory, 0o755);
      add(directory, "- before");
      directory.children!.set(name, child);
      add(directory, "~ behind");
      directory = child;
    }
    xattr(directory, "user.a", 65_536);
    add(root, "z".repeat(256));
  });
  await rejects(refused, (error) => {
    strictEqual(error instanceof ImageError && error.where.path, "a/b/file");
    return true;
  });
});

Deno.test("erofs() refuses options that make no sense", () => {
  for (
    const options of [
      { blockSize: 256 },
      { blockSize: 3000 },
      { compression: "gzip" },
      { compression: "zstd:99" },
      { clusterSize: 65_536 },
      { compression: "lz4", clusterSize: 4096 },
      { compression: "lz4", clusterSize: 100_000 },
      { compression: "lz4", clusterSize: 2 ** 21 },
      { label: "sixteen bytes ab" },
      { uuid: "x" },
      { compressionWorkers: -1 },
    ]
  ) throws(() => erofs(options), RangeError, JSON.stringify(options));
});
