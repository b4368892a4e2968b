import {
  deepStrictEqual,
  match,
  notStrictEqual,
  ok,
  rejects,
  strictEqual,
} from "node:assert/strict";
import {
  appendFileSync,
  chmodSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { Buffer } from "node:buffer";
import { mustRun } from "../../../tests/run_tool.ts";
import { toolTest } from "../../../tests/tools.ts";
import { FileKind } from "../../tree/inode.ts";
import { openLayer, readLayer } from "../read_layer.ts";
import { HOLE_PIECE_SIZE } from "../step_reading.ts";
import { TarRecorder } from "../tar/tar_recorder.ts";
import { directoryLayerOf, readDirectoryLayer, withDirectory } from "./directory_fixture.ts";

/** A small tree with most of what a test needs. */
function makeTree(root: string): void {
  mkdirSync(`${root}/etc`);
  mkdirSync(`${root}/a`);
  writeFileSync(`${root}/etc/hosts`, "localhost\n");
  chmodSync(`${root}/etc/hosts`, 0o4750);
  linkSync(`${root}/etc/hosts`, `${root}/a/link`);
  symlinkSync("../../outside", `${root}/a/symlink`);
  writeFileSync(`${root}/a.b`, "");
  writeFileSync(`${root}/big`, new Uint8Array(600_000).fill(7));
  for (const name of ["etc/hosts", "a.b", "big", "etc", "a", "."]) {
    utimesSync(`${root}/${name}`, 1, 1_600_000_000);
  }
  lutimesSync(`${root}/a/symlink`, 1, 1_600_000_000);
}

Deno.test("a directory is read in byte order, each directory before its content", async () => {
  await withDirectory(async (root) => {
    makeTree(root);
    const { recorder, summary } = await readDirectoryLayer(directoryLayerOf([root]));
    deepStrictEqual(
      recorder.entries.map(({ entry }) => [entry.kind, entry.path, entry.target]),
      [
        ["node", "", ""],
        ["node", "a", ""],
        ["node", "a/link", ""],
        ["node", "a/symlink", ""],
        ["node", "a.b", ""],
        ["node", "big", ""],
        ["node", "etc", ""],
        ["hardlink", "etc/hosts", "a/link"],
      ],
    );
    strictEqual(Buffer.from(recorder.get("a/link").body!).toString(), "localhost\n");
    deepStrictEqual(recorder.get("big").body, new Uint8Array(600_000).fill(7));
    strictEqual(summary.entryCount, 8);
    strictEqual(summary.uncompressedSize, 600_010);
    match(summary.contentDigest!, /^sha256:[0-9a-f]{64}$/);
  });
});

Deno.test("a directory gives metadata, and the access time is not that of the host", async () => {
  await withDirectory(async (root) => {
    makeTree(root);
    const { recorder } = await readDirectoryLayer(directoryLayerOf([root]));
    const { inode } = recorder.get("a/link").entry;
    strictEqual(inode!.permissions, 0o4750);
    deepStrictEqual([inode!.mtimeSeconds, inode!.atimeSeconds], [1_600_000_000, 1_600_000_000]);
    const link = recorder.get("a/symlink").entry.inode!;
    deepStrictEqual([link.kind, link.target], [FileKind.symlink, "../../outside"]);
  });
});

Deno.test("holes of a file are holes of the layer", async () => {
  await withDirectory(async (root) => {
    writeFileSync(`${root}/file`, "start");
    truncateSync(`${root}/file`, 2 ** 20);
    appendFileSync(`${root}/file`, "end");
    truncateSync(`${root}/file`, 2 ** 32 + 5);
    const { recorder } = await readDirectoryLayer(directoryLayerOf([root]));
    const { holes } = recorder.get("file");
    const holeBytes = holes.reduce((sum, [, size]) => sum + size, 0);
    ok(holeBytes > 4_000_000_000, JSON.stringify(holes));
    // One in front of the end, and the long one behind it in pieces.
    strictEqual(holes.length, 1 + Math.ceil(2 ** 32 / HOLE_PIECE_SIZE));
    ok(holes.every(([, size]) => size <= HOLE_PIECE_SIZE));
  });
});

toolTest("a hole is one whatever else the disk holds for the file", ["fallocate"], async () => {
  await withDirectory(async (root) => {
    writeFileSync(`${root}/file`, "start");
    truncateSync(`${root}/file`, 2 ** 20);
    // As attributes and the blocks of a long map do, this counts for the file.
    mustRun("fallocate", ["--keep-size", "--offset=2M", "--length=1M", `${root}/file`]);
    const { recorder } = await readDirectoryLayer(directoryLayerOf([root]));
    strictEqual(recorder.get("file").holes.length, 1);
  });
});

Deno.test("deeper trees than a path can name are read, with few directories open", async () => {
  await withDirectory(async (root) => {
    const depth = 1500;
    const name = "d".repeat(9);
    let base = Deno.cwd();
    const start = base;
    try {
      Deno.chdir(root);
      for (let i = 0; i < depth; i++) {
        mkdirSync(name);
        writeFileSync("z", `${i}`);
        Deno.chdir(name);
      }
    } finally {
      base = start;
      Deno.chdir(base);
    }
    const { recorder } = await readDirectoryLayer(directoryLayerOf([root]));
    strictEqual(recorder.entries.length, 1 + 2 * depth);
    const last = recorder.entries[depth + 1].entry.path;
    strictEqual(last, `${`${name}/`.repeat(depth - 1)}z`);
  });
});

Deno.test("equal trees have equal digests, different ones do not", async () => {
  const digestOf = async (change: (root: string) => void) => {
    let digest = "";
    await withDirectory(async (root) => {
      makeTree(root);
      change(root);
      digest = (await readDirectoryLayer(directoryLayerOf([root]))).summary.contentDigest!;
    });
    return digest;
  };
  const plain = await digestOf(() => {});
  strictEqual(await digestOf(() => {}), plain);
  const changes: ((root: string) => void)[] = [
    (root) => chmodSync(`${root}/a.b`, 0o600),
    (root) => utimesSync(`${root}/a.b`, 1, 1_600_000_001),
    (root) => {
      writeFileSync(`${root}/big`, new Uint8Array(600_000).fill(8));
      utimesSync(`${root}/big`, 1, 1_600_000_000);
    },
  ];
  for (const change of changes) notStrictEqual(await digestOf(change), plain);
});

Deno.test("a file that is changed while it is read is an error", async () => {
  await withDirectory(async (root) => {
    writeFileSync(`${root}/a`, "a");
    writeFileSync(`${root}/b`, new Uint8Array(600_000));
    const changes: [string, () => void][] = [
      ["longer", () => appendFileSync(`${root}/b`, "x")],
      ["shorter", () => truncateSync(`${root}/b`, 300_000)],
    ];
    for (const [, change] of changes) {
      const visitor = new TarRecorder();
      const write = visitor.write.bind(visitor);
      let isChanged = false;
      visitor.write = (bytes) => {
        if (bytes.length > 1000 && !isChanged) {
          isChanged = true;
          change();
        }
        write(bytes);
      };
      await rejects(readLayer(directoryLayerOf([root]), visitor), {
        name: "ImageError",
        code: "IO",
        message: /b": it was changed while it was read/,
        where: { layer: "0 (test)", path: "b" },
      });
    }
  });
});

Deno.test("files that vanish or are replaced while their directory is read are errors", async () => {
  await withDirectory(async (root) => {
    const read = async (change: () => void) => {
      mkdirSync(`${root}/b`);
      writeFileSync(`${root}/a`, "a");
      const visitor = new TarRecorder();
      const entry = visitor.entry.bind(visitor);
      visitor.entry = (it) => {
        if (it.path === "a") change();
        return entry(it);
      };
      try {
        await readLayer(directoryLayerOf([root]), visitor);
      } finally {
        rmSync(`${root}/b`, { recursive: true, force: true });
        rmSync(`${root}/a`, { force: true });
      }
    };
    await rejects(read(() => rmSync(`${root}/b`, { recursive: true })), {
      code: "IO",
      message: /"b": it vanished/,
    });
    await rejects(
      read(() => {
        rmSync(`${root}/a`);
        symlinkSync("/etc/passwd", `${root}/a`);
      }),
      { code: "IO", message: /open file ".*\/a": too many symbolic links/ },
    );
  });
});

Deno.test("a directory that is not there is NOT_FOUND, and nothing stays open", async () => {
  await rejects(readDirectoryLayer(directoryLayerOf(["/nowhere/at/all"])), {
    code: "NOT_FOUND",
    message: /Cannot open directory "\/nowhere\/at\/all"/,
  });
});

Deno.test("a directory is read by turns that end between files, with the same result", async () => {
  await withDirectory(async (root) => {
    makeTree(root);
    const whole = await readDirectoryLayer(directoryLayerOf([root]));
    const recorder = new TarRecorder();
    const reading = openLayer(directoryLayerOf([root]), recorder);
    const turns: number[] = [];
    while (!await reading.advance(1)) {
      turns.push(recorder.entries.length);
      const { entry, isEnded } = recorder.entries.at(-1)!;
      const hasBytes = entry.inode?.kind === FileKind.regular && entry.inode.size > 0;
      strictEqual(isEnded, hasBytes, entry.path);
    }
    reading.close();
    // One entry each, however many bytes it has.
    deepStrictEqual(turns, [1, 2, 3, 4, 5, 6, 7, 8]);
    deepStrictEqual(recorder.entries, whole.recorder.entries);
    deepStrictEqual(reading.summary, whole.summary);
  });
});

Deno.test("reading a directory tells its progress and stops by its signal", async () => {
  await withDirectory(async (root) => {
    writeFileSync(`${root}/a`, new Uint8Array(10_000_000));
    writeFileSync(`${root}/b`, new Uint8Array(10_000_000));
    const progress: number[] = [];
    const controller = new AbortController();
    const reading = readLayer(directoryLayerOf([root]), new TarRecorder(), {
      signal: controller.signal,
      onProgress: (readBytes) => {
        progress.push(readBytes);
        if (readBytes > 8_000_000) controller.abort(new Error("enough"));
      },
    });
    await rejects(reading, { message: "enough" });
    ok(progress.length >= 2 && progress.at(-1)! < 16_000_000, `${progress}`);
  });
});

Deno.test("files and directories are given back, however reading ends", async () => {
  const openBelow = (root: string) =>
    [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
      try {
        return Deno.readLinkSync(`/proc/self/fd/${name}`).startsWith(root);
      } catch {
        return false; // Closed meanwhile, by another test.
      }
    }).length;
  await withDirectory(async (root) => {
    makeTree(root);
    let mostOpen = 0;
    const visitor = new TarRecorder();
    visitor.write = () => {
      mostOpen = openBelow(root);
      throw new Error("no more");
    };
    await rejects(readLayer(directoryLayerOf([root, root]), visitor), { message: "no more" });
    ok(mostOpen >= 3, `${mostOpen}`);
    strictEqual(openBelow(root), 0);
    await readDirectoryLayer(directoryLayerOf([root]));
    strictEqual(openBelow(root), 0);
  });
});
