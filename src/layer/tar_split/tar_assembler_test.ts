import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { ImageError, type ImageErrorCode } from "../../image_error.ts";
import { InlineChunks, type LayerChunks } from "../layer_chunks.ts";
import { readLayer } from "../read_layer.ts";
import { TarRecorder } from "../tar/tar_recorder.ts";
import type { TarEntryInit } from "../tar/tar_fixture.ts";
import { WorkerPool } from "../worker/worker_pool.ts";
import {
  aroundLine,
  fileLine,
  type RecordLine,
  splitLayer,
  type SplitTar,
  splitTar,
  storedRecord,
} from "./tar_split_fixture.ts";

const BIG = new Uint8Array(700_001).map((_, i) => (i * i) >> 7);
const ENTRIES: readonly TarEntryInit[] = [
  { path: "./", type: "5", mode: 0o711 },
  { path: "./etc/", type: "5" },
  { path: "./etc/conf", body: "a = b\n", xattrs: { "user.x": "y" }, pax: { mtime: "1.5" } },
  { path: "./etc/again", type: "1", target: "./etc/conf" },
  { path: "/etc//deep/./er/file", body: "deep" },
  { path: "etc/deep/other", body: "<&>\u00e4" },
  { path: "etc/.wh.gone" },
  { path: "big", body: BIG },
  { path: "null", type: "3", deviceMajor: 1, deviceMinor: 3 },
  { path: "link", type: "2", target: "/etc/conf" },
  { path: "empty" },
  { path: "x".repeat(200), body: "long" },
];

/** Calls `use` with the directory of a store, whose layer has its files in `diff`. */
async function withStore(use: (root: string, split: SplitTar) => Promise<void>): Promise<void> {
  const root = Deno.makeTempDirSync({ prefix: "tar_split_" });
  try {
    mkdirSync(`${root}/diff`);
    await use(root, splitTar(ENTRIES, `${root}/diff`));
  } finally {
    rmSync(root, { recursive: true });
  }
}

async function bytesOf(chunks: LayerChunks): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const chunk = await chunks.next();
    if (chunk === null) return Buffer.concat(pieces);
    pieces.push(chunk.slice());
  }
}

Deno.test("a tar is put together again from its record and its files, here and in a worker", () =>
  withStore(async (root, split) => {
    const { job: known } = splitLayer(split, `${root}/diff`, storedRecord(split.lines));
    // Not every store says how large the tar is.
    const job = { ...known, unpacked: { ...known.unpacked!, size: known.size } };
    const pool = new WorkerPool(1, 1024 * 1024);
    try {
      for (const chunks of [new InlineChunks(job, {}), pool.read(job, {})]) {
        const bytes = await bytesOf(chunks);
        ok(Buffer.from(bytes).equals(split.tar));
        strictEqual(chunks.summary?.isDiffIdVerified, true);
        strictEqual(chunks.summary?.uncompressedSize, split.tar.length);
        // Progress is that of the tar, not of its small record.
        strictEqual(chunks.readBytes, split.tar.length);
        chunks.close();
      }
    } finally {
      pool.close();
    }
  }));

Deno.test("the entries of an unpacked layer are those of its tar", () =>
  withStore(async (root, split) => {
    const { layer } = splitLayer(split, `${root}/diff`, storedRecord(split.lines));
    const recorder = new TarRecorder();
    const summary = await readLayer(layer, recorder);
    strictEqual(summary.entryCount, ENTRIES.length);
    deepStrictEqual(recorder.get("big").body, BIG);
    deepStrictEqual(recorder.get("etc/deep/er/file").body, new TextEncoder().encode("deep"));
  }));

Deno.test("a name that is not UTF-8 stands in the record by its bytes", async () => {
  const root = Deno.makeTempDirSync({ prefix: "tar_split_" });
  try {
    // The file is there under a name that can be written here, and in the record as bytes.
    const path = new TextEncoder().encode("ä/ü");
    const split = splitTar([{ path, body: "text" }], root);
    ok("name_raw" in (split.lines[1] as object));
    const { layer } = splitLayer(split, root, storedRecord(split.lines));
    await readLayer(layer, new TarRecorder());
  } finally {
    rmSync(root, { recursive: true });
  }
});

/** How the files of a store are changed, and what is said of it. */
const CHANGES: readonly {
  readonly what: string;
  readonly change: (diff: string) => void;
  readonly code: ImageErrorCode;
  readonly message: RegExp;
}[] = [
  {
    what: "other bytes",
    change: (diff) => writeFileSync(`${diff}/etc/conf`, "a = c\n"),
    code: "DIGEST_MISMATCH",
    message: /^Cannot accept file "\.\/etc\/conf" .*: its CRC-64 is [0-9a-f]{16}, expected /,
  },
  {
    what: "fewer bytes",
    change: (diff) => truncateSync(`${diff}/big`, 700_000),
    code: "DIGEST_MISMATCH",
    message: /"big" .*there is 700000 bytes, expected 700001/,
  },
  {
    what: "no such file",
    change: (diff) => rmSync(`${diff}/etc/conf`),
    code: "NOT_FOUND",
    message: /"etc\/conf" .*there is nothing, expected the file that was in the tar/,
  },
  {
    what: "no such directory",
    change: (diff) => rmSync(`${diff}/etc/deep`, { recursive: true }),
    code: "NOT_FOUND",
    message: /"etc\/deep\/er\/file" .*there is nothing/,
  },
  {
    what: "a directory in its place",
    change: (diff) => {
      rmSync(`${diff}/etc/conf`);
      mkdirSync(`${diff}/etc/conf`);
    },
    code: "DIGEST_MISMATCH",
    message: /there is no regular file/,
  },
  {
    what: "a device in its place",
    change: (diff) => {
      rmSync(`${diff}/etc/conf`);
      new Deno.Command("mkfifo", { args: [`${diff}/etc/conf`] }).outputSync();
    },
    code: "DIGEST_MISMATCH",
    message: /there is no regular file/,
  },
  {
    what: "a symbolic link to the same bytes in its place",
    change: (diff) => {
      renameSync(`${diff}/etc/conf`, `${diff}/../outside`);
      symlinkSync("../../outside", `${diff}/etc/conf`);
    },
    code: "UNSAFE_PATH",
    message: /the symbolic link "conf" in its path/,
  },
  {
    what: "a symbolic link above it",
    change: (diff) => {
      renameSync(`${diff}/etc`, `${diff}/../outside`);
      symlinkSync("../outside", `${diff}/etc`);
    },
    code: "UNSAFE_PATH",
    message: /the symbolic link "etc" in its path/,
  },
  {
    what: "a file above it",
    change: (diff) => {
      rmSync(`${diff}/etc`, { recursive: true });
      writeFileSync(`${diff}/etc`, "");
    },
    code: "DIGEST_MISMATCH",
    message: /there is no directory/,
  },
];

for (const { what, change, code, message } of CHANGES) {
  Deno.test({
    name: `a file of an unpacked layer is refused: ${what}`,
    ignore: Deno.build.os === "windows",
    fn: () =>
      withStore(async (root, split) => {
        change(`${root}/diff`);
        const { layer } = splitLayer(split, `${root}/diff`, storedRecord(split.lines));
        await rejectsWith(readLayer(layer, new TarRecorder()), code, message);
      }),
  });
}

Deno.test("a record of another tar is refused by the digest, however right it is in itself", () =>
  withStore(async (root, split) => {
    const { diffId } = splitTar([{ path: "other", body: "tar" }], root);
    const record = storedRecord(split.lines);
    const { layer } = splitLayer({ ...split, diffId }, `${root}/diff`, record);
    await rejects(readLayer(layer, new TarRecorder()), { code: "DIGEST_MISMATCH" });
  }));

/** Lines that make no tar, and what is said of them. */
const LINES: readonly {
  readonly what: string;
  readonly line: RecordLine;
  readonly code: ImageErrorCode;
  readonly message: RegExp;
}[] = [
  { what: "no JSON", line: "{", ...malformed() },
  { what: "no object", line: "1", ...malformed() },
  { what: "nothing", line: "", ...malformed() },
  { what: "no UTF-8", line: `{"type":1,"name":"\ud800"`, ...malformed() },
  { what: "no type", line: { payload: "AAAA" }, ...malformed() },
  { what: "another type", line: { type: 3, payload: "AAAA" }, ...malformed() },
  { what: "no base64", line: { type: 2, payload: "A***" }, ...malformed() },
  { what: "a part of base64", line: { type: 2, payload: "AAA" }, ...malformed() },
  { what: "a number for bytes", line: { type: 2, payload: 5 }, ...malformed() },
  { what: "a name that is none", line: { type: 1, name: 5 }, ...malformed() },
  { what: "a negative size", line: { type: 1, name: "x", size: -1 }, ...malformed() },
  { what: "a size that is no number", line: { type: 1, name: "x", size: "9" }, ...malformed() },
  { what: "half a byte", line: { type: 1, name: "x", size: 0.5 }, ...malformed() },
  {
    what: "a file without checksum",
    line: { type: 1, name: "big", size: 700_001 },
    ...malformed(),
  },
  {
    what: "a short checksum",
    line: { type: 1, name: "big", size: 700_001, payload: "AAAA" },
    ...malformed(),
  },
  {
    what: "a path that leads out",
    line: fileLine("a/../../x", new Uint8Array(1)),
    code: "UNSAFE_PATH",
    message: /"\.\." component/,
  },
  {
    what: "a path with a NUL",
    line: fileLine("a\0b", new Uint8Array(1)),
    code: "UNSAFE_PATH",
    message: /NUL/,
  },
  {
    what: "the root for a file",
    line: fileLine("/", new Uint8Array(1)),
    code: "DIGEST_MISMATCH",
    message: /there is no regular file/,
  },
  {
    what: "a size beyond all files",
    line: { type: 1, name: "big", size: Number.MAX_SAFE_INTEGER, payload: "AAAAAAAAAAA=" },
    code: "DIGEST_MISMATCH",
    message: /there is 700001 bytes/,
  },
  {
    what: "a line without end",
    line: { type: 2, payload: "A".repeat(17 * 1024 * 1024) },
    code: "LIMIT_EXCEEDED",
    message: /line 2 has at least 16777216 bytes/,
  },
];

function malformed(): { readonly code: ImageErrorCode; readonly message: RegExp } {
  return { code: "CORRUPT", message: /line 2 is malformed, expected bytes or a file/ };
}

for (const { what, line, code, message } of LINES) {
  Deno.test(`a record of a tar is refused that has ${what}`, () =>
    withStore(async (root, split) => {
      const record = storedRecord([aroundLine(new Uint8Array(0)), line]);
      const { layer } = splitLayer(split, `${root}/diff`, record);
      await rejectsWith(readLayer(layer, new TarRecorder()), code, message);
    }));
}

Deno.test("a record that ends early, or is followed by something, is refused", () =>
  withStore(async (root, split) => {
    const record = storedRecord(split.lines);
    const broken = [
      record.subarray(0, record.length - 12),
      record.subarray(0, 100),
      Buffer.concat([record, gzipSync("x\n")]),
      storedRecord(split.lines.slice(0, 8)),
      new Uint8Array(0),
    ];
    for (const bytes of broken) {
      const { layer } = splitLayer(split, `${root}/diff`, bytes);
      await rejects(readLayer(layer, new TarRecorder()), (error: unknown) => {
        ok(error instanceof ImageError, `${error}`);
        ok(["CORRUPT", "DIGEST_MISMATCH"].includes(error.code), error.code);
        strictEqual(error.where.layer, layer.name);
        return true;
      });
    }
  }));

Deno.test("whatever a record says, its tar comes back or an ImageError", () =>
  withStore(async (root, split) => {
    const texts = split.lines.map((line) => JSON.stringify(line));
    const change = fc.record({
      line: fc.nat(texts.length - 1),
      at: fc.nat(2000),
      count: fc.nat(3),
      text: fc.oneof(
        fc.string({ maxLength: 3 }),
        fc.constantFrom('"', "}", "null", "1e99", "-", "../", "\n", "[]", "\\u0000"),
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 2 }), async (changes) => {
        const lines = [...texts];
        for (const { line, at, count, text } of changes) {
          const start = at % (lines[line].length + 1);
          lines[line] = lines[line].slice(0, start) + text + lines[line].slice(start + count);
        }
        const { layer } = splitLayer(split, `${root}/diff`, storedRecord(lines));
        try {
          strictEqual((await readLayer(layer, new TarRecorder())).isDiffIdVerified, true);
        } catch (error) {
          ok(error instanceof ImageError, `${error}`);
        }
      }),
      { numRuns: 200 },
    );
  }));

Deno.test("a record of lines without bytes is refused before it is read to its end", () =>
  withStore(async (root, split) => {
    const empty = Array.from({ length: 1_000_000 }, () => `{"type":1,"name":"x"}`);
    const { layer } = splitLayer(split, `${root}/diff`, storedRecord(empty));
    await rejectsWith(readLayer(layer, new TarRecorder()), "CORRUPT", /line 1001 there are 1000/);
    // What engines write is far from that.
    const sparse = split.lines.flatMap((line) => [...empty.slice(0, 400), line]);
    await readLayer(
      splitLayer(split, `${root}/diff`, storedRecord(sparse)).layer,
      new TarRecorder(),
    );
  }));

Deno.test("a directory of files that is not there is an error that names it", () =>
  withStore(async (root, split) => {
    const { layer } = splitLayer(split, `${root}/nowhere`, storedRecord(split.lines));
    await rejectsWith(readLayer(layer, new TarRecorder()), "NOT_FOUND", /nowhere|etc\/conf/);
  }));

async function rejectsWith(
  work: Promise<unknown>,
  code: ImageErrorCode,
  message: RegExp,
): Promise<void> {
  await rejects(work, (error: unknown) => {
    ok(error instanceof ImageError, `${error}`);
    strictEqual(error.code, code, error.message);
    ok(message.test(error.message), error.message);
    strictEqual(error.where.layer, "0 (sha256:0123456789ab)");
    return true;
  });
}
