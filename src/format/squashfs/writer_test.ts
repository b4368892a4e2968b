import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { createHash } from "node:crypto";
import { withSlowClock } from "../../../tests/slow_clock.ts";
import { ImageError } from "../../image_error.ts";
import { memorySink } from "../../io/memory_sink.ts";
import { memorySource } from "../../io/memory_source.ts";
import type { Notice } from "../../notice.ts";
import { emptyTree, type FileTree } from "../../tree/file_tree.ts";
import { FileKind, Inode } from "../../tree/inode.ts";
import { squashfs, SquashfsContent, type SquashfsOptions } from "./format.ts";
import { readExtendedRegularInode } from "./inode.ts";
import { openSquashfs } from "./reader.ts";
import { readSuperblock } from "./superblock.ts";

/** Writes a tree; `fill` may place bytes of files. */
async function write(
  options: SquashfsOptions,
  fill: (
    tree: FileTree<SquashfsContent>,
    file: (name: string, bytes: Uint8Array) => Inode<SquashfsContent>,
    release: (content: SquashfsContent) => void,
  ) => void,
  signal?: AbortSignal,
) {
  const sink = memorySink();
  const output = sink.open();
  const notices: Notice[] = [];
  const writer = squashfs({ compressionWorkers: 0, ...options }).createWriter(output, {
    identity: () => "test",
    createdSeconds: 1_700_000_000,
    expectedBytes: 0,
    onNotice: (notice) => notices.push(notice),
    signal,
  });
  const tree = emptyTree<SquashfsContent>();
  fill(tree, (name, bytes) => {
    const inode = new Inode<SquashfsContent>(FileKind.regular, 0o644);
    inode.size = bytes.length;
    const file = writer.beginFile(bytes.length);
    file.write(bytes);
    inode.content = file.end();
    tree.root.children!.set(name, inode);
    return inode;
  }, (content) => writer.release(content));
  const report = await writer.finish(tree);
  output.commit();
  return { report, notices, bytes: sink.bytes };
}

function someBytes(size: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * seed) >> 5);
}

// Without a compression of the runtime, whose releases may give other bytes.
for (
  const [compression, golden] of [
    ["none", "6ed7dc3ad289bb56f94aeace867d09e6cac747f2a8a28101204478e3104e674b"],
    ["lz4", "5443a9301afb7f3fca6951bd8bd7074c6a156c51855b3e4f8dead3088bf6bb28"],
  ]
) {
  Deno.test(`squashfs() with ${compression} gives the bytes of its format number`, async () => {
    const { bytes } = await write({ compression, blockSize: 4096 }, (tree, file) => {
      file("a", someBytes(10_000, 3)).uid = 1000;
      file("b", someBytes(100, 5)).xattrs = [{ name: "user.a", value: Uint8Array.of(1) }];
      const link = new Inode<SquashfsContent>(FileKind.symlink, 0o777);
      link.target = "a";
      link.size = 1;
      tree.root.children!.set("link", link);
    });
    strictEqual(createHash("sha256").update(bytes).digest("hex"), golden);
  });
}

Deno.test("squashfs() stores equal files once, and only what is not zeros", async () => {
  const noise = Uint8Array.from({ length: 50_000 }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 24);
  const once = await write({ compression: "none" }, (_, file) => void file("a", noise));
  const thrice = await write({ compression: "none" }, (_, file) => {
    for (const name of ["a", "b", "c"]) file(name, noise);
    file("zeros", new Uint8Array(1_000_000));
  });
  strictEqual(thrice.report.details.duplicates, 2);
  ok(thrice.bytes.length <= once.bytes.length + 4096);
});

Deno.test("squashfs() does not count copies that are not in the image", async () => {
  for (const [released, duplicates] of [[0, 2], [1, 1], [2, 0], [3, 0]]) {
    const { report } = await write({ compression: "none" }, (tree, file, release) => {
      const copies = ["a", "b", "c"].map((name) => file(name, someBytes(5000, 7)));
      file("other", someBytes(5000, 9));
      for (const { content } of copies.slice(0, released)) release(content!);
      for (const name of ["a", "b", "c"].slice(0, released)) tree.root.children!.delete(name);
    });
    strictEqual(report.details.duplicates, duplicates, `${released} released`);
  }
});

Deno.test("squashfs() goes back over the blocks of a large file that was there", async () => {
  const noise = Uint8Array.from({ length: 500_000 }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 24);
  const other = noise.map((byte) => byte ^ 1);
  const { bytes } = await write({ compression: "none", blockSize: 4096 }, (_, file) => {
    file("a", noise);
    file("b", noise);
    file("c", other);
    file("d", noise);
  });
  ok(bytes.length < 1_050_000);
  const reader = openSquashfs(memorySource(bytes));
  for (
    const [name, expected] of [["a", noise], ["b", noise], ["c", other], ["d", noise]] as const
  ) {
    const found = new Uint8Array(noise.length);
    reader.read(reader.tree.root.children!.get(name)!.content!, found, 0);
    deepStrictEqual(found, expected);
  }
});

Deno.test("squashfs() writes short inodes where they can hold a file", async () => {
  const { bytes } = await write({ compression: "none" }, (_, file) => {
    file("plain", someBytes(10, 99));
  });
  const { inodeTableStart } = readSuperblock(new DataView(bytes.buffer), 0);
  // Behind the head of the metadata block: a regular file, then the root.
  strictEqual(bytes[inodeTableStart + 2], 2);
  strictEqual(bytes[inodeTableStart + 2 + 32], 1);
});

Deno.test("squashfs() says how many bytes of a file are holes", async () => {
  const { bytes } = await write({ compression: "none", blockSize: 4096 }, (_, file) => {
    const mixed = new Uint8Array(20_000);
    mixed[5000] = 1;
    file("mixed", mixed);
  });
  const { inodeTableStart } = readSuperblock(new DataView(bytes.buffer), 0);
  const inode = readExtendedRegularInode(new DataView(bytes.buffer), inodeTableStart + 2);
  deepStrictEqual([bytes[inodeTableStart + 2], inode.size, inode.sparse], [9, 20_000, 15_904]);
});

const LOSSES: readonly [what: RegExp, change: (inode: Inode<SquashfsContent>) => void][] = [
  [/modification time of "file".*1970 to 2106/, (inode) => inode.mtimeSeconds = -1],
  [/modification time of "file".*1970 to 2106/, (inode) => inode.mtimeSeconds = 2 ** 32],
  [/posix_acl_access of "file".*user, trusted and security/, (inode) => {
    inode.xattrs = [{ name: "system.posix_acl_access", value: new Uint8Array(4) }];
  }],
  [/attribute user\. of "file".*user, trusted and security/, (inode) => {
    inode.xattrs = [{ name: "user.", value: new Uint8Array(4) }];
  }],
  [/user.large of "file".*at most 65536/, (inode) => {
    inode.xattrs = [{ name: "user.large", value: new Uint8Array(65_537) }];
  }],
];

for (const [what, change] of LOSSES) {
  Deno.test(`squashfs() refuses or reports what it cannot hold: ${what.source}`, async () => {
    const fill = (onLoss: "error" | "report") =>
      write({ onLoss }, (_, file) => change(file("file", someBytes(10, 1))));
    await rejects(fill("error"), (error) => {
      ok(error instanceof ImageError && what.test(error.message), `${error}`);
      deepStrictEqual([error.code, error.where.path], ["UNSUPPORTED", "file"]);
      return true;
    });
    const { notices, bytes } = await fill("report");
    deepStrictEqual(notices.map(({ code }) => code), ["LOSS"]);
    ok(what.test(notices[0].message), notices[0].message);
    openSquashfs(memorySource(bytes));
  });
}

Deno.test("squashfs() refuses names, targets and devices that are too large, by path", async () => {
  const other = (change: (inode: Inode<SquashfsContent>) => void, kind: FileKind, name = "x") =>
    write({}, (tree) => {
      const inode = new Inode<SquashfsContent>(kind, 0o644);
      change(inode);
      tree.root.children!.set(name, inode);
    });
  const target = (inode: Inode) => inode.target = "t".repeat(4096);
  await rejects(other(target, FileKind.symlink), /target of "x".*4096 bytes.*4095/);
  const device = (inode: Inode) => inode.deviceMajor = 4096;
  await rejects(other(device, FileKind.blockDevice), /device of "x".*4096.*4095/);
  await rejects(other(() => {}, FileKind.fifo, "n".repeat(256)), /name of "n+".*256 bytes.*255/);
});

Deno.test("squashfs() refuses more owners than the table holds", async () => {
  const fill = (count: number) =>
    write({ compression: "none" }, (tree) => {
      for (let i = 0; i < count; i++) {
        const inode = new Inode<SquashfsContent>(FileKind.fifo, 0o644);
        inode.uid = i;
        tree.root.children!.set(`${i}`, inode);
      }
    });
  await fill(65_535);
  await rejects(fill(65_536), /owner \d+ of "\d+" to squashfs.*65535 different/);
});

Deno.test("squashfs() refuses files with too many blocks", async () => {
  await rejects(
    write({}, (_, file) => void file("x", { length: 2 ** 45 } as Uint8Array)),
    (error) => error instanceof ImageError && error.code === "LIMIT_EXCEEDED",
  );
});

Deno.test("squashfs() stops in the middle of the metadata, and of a check, by its signal", async () => {
  const fill = (tree: FileTree<SquashfsContent>) => {
    for (let i = 0; i < 1000; i++) {
      tree.root.children!.set(`${i}`, new Inode<SquashfsContent>(FileKind.fifo, 0o644));
    }
  };
  const soon = () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort("enough"), 0);
    return controller.signal;
  };
  const isReason = (error: unknown) => error === "enough";
  await withSlowClock(() => rejects(write({}, fill, soon()), isReason));
  const { bytes } = await write({ compression: "gzip:1" }, (tree, file) => {
    const first = file("first", someBytes(1_000_000, 3));
    // Every name is checked, though the bytes are there once.
    for (let i = 0; i < 20; i++) {
      const inode = new Inode<SquashfsContent>(FileKind.regular, 0o644);
      Object.assign(inode, { size: first.size, content: first.content });
      tree.root.children!.set(`${i}`, inode);
    }
  });
  const reader = openSquashfs(memorySource(bytes));
  await withSlowClock(() => rejects(async () => await reader.check(() => {}, soon()), isReason));
});

Deno.test("openSquashfs() refuses a small image with endless lists of blocks", async () => {
  const { bytes } = await write({ compression: "zstd:1", blockSize: 4096 }, (tree) => {
    const inode = new Inode<SquashfsContent>(FileKind.regular, 0o644);
    inode.size = 4096 * (2 ** 24 + 16_384);
    inode.content = new SquashfsContent(inode.size);
    // Blocks of one byte: what is equal takes no room in the image.
    inode.content.blockSizes = new Uint32Array(inode.size / 4096).fill(0x100_0001);
    tree.root.children!.set("bomb", inode);
  });
  ok(bytes.length < 1_000_000);
  throws(() => openSquashfs(memorySource(bytes)), (error) => {
    ok(error instanceof ImageError && /16777216, expected at most one/.test(error.message));
    deepStrictEqual([error.code, error.where.path], ["LIMIT_EXCEEDED", "bomb"]);
    return true;
  });
});

Deno.test("squashfs() refuses options out of range", () => {
  throws(() => squashfs({ blockSize: 2048 }), /2048, expected a power of two from 4096 to 1048576/);
  throws(() => squashfs({ blockSize: 5000 }), RangeError);
  throws(() => squashfs({ blockSize: 2 ** 21 }), RangeError);
  throws(() => squashfs({ compression: "xz" }), /"xz", expected zstd, gzip, lz4, none/);
  throws(() => squashfs({ compression: "gzip:0" }), /level is 0, expected 1 to 9/);
  throws(() => squashfs({ compressionWorkers: -1 }), RangeError);
});

Deno.test("squashfs() stores the options of a compression that are not its usual ones", async () => {
  const optionsOf = async (compression: string) => {
    const { bytes } = await write({ compression }, () => {});
    const { flags } = readSuperblock(new DataView(bytes.buffer), 0);
    return (flags & 0x400) === 0 ? null : [...bytes.subarray(96, 98 + bytes[96])];
  };
  strictEqual(await optionsOf("zstd"), null);
  strictEqual(await optionsOf("gzip:9"), null);
  deepStrictEqual(await optionsOf("zstd:3"), [4, 0x80, 3, 0, 0, 0]);
  deepStrictEqual(await optionsOf("gzip:1"), [8, 0x80, 1, 0, 0, 0, 15, 0, 0, 0]);
  deepStrictEqual(await optionsOf("lz4"), [8, 0x80, 1, 0, 0, 0, 0, 0, 0, 0]);
});
