import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { deflateRawSync, gzipSync, zstdCompressSync } from "node:zlib";
import { runTool } from "../../../tests/run_tool.ts";
import { toolTest } from "../../../tests/tools.ts";
import { ImageError } from "../../image_error.ts";
import type { Notice, NoticeListener } from "../../notice.ts";
import { BlobInput } from "../blob_input.ts";
import { concatBytes } from "../tar/tar_fixture.ts";
import { Bzip2Decompressor } from "./bzip2.ts";
import { type Decompressor, detectCompression } from "./decompressor.ts";
import { GzipDecompressor } from "./gzip.ts";
import { NativeInflater } from "./inflater.ts";
import { NativeHandle } from "./native_handle.ts";
import { StreamInflater } from "./stream_inflater.ts";
import { XzDecompressor } from "./xz.ts";
import { ZstdDecompressor } from "./zstd.ts";
import { NativeZstdDecoder } from "./zstd_frame_decoder.ts";
import { WasmZstdDecoder } from "./zstd_wasm_decoder.ts";

type Open = (input: BlobInput, onNotice: NoticeListener) => Promise<Decompressor>;

/** Every decoder and every fallback, so that all are held to the same corpus. */
const DECODERS: Record<string, { format: "gzip" | "zstd" | "xz" | "bzip2"; open: Open }> = {
  "gzip by the native handle": {
    format: "gzip",
    open: (input, onNotice) =>
      Promise.resolve(new GzipDecompressor(input, NativeInflater.create()!, onNotice)),
  },
  "gzip by the public stream": {
    format: "gzip",
    open: (input, onNotice) =>
      Promise.resolve(new GzipDecompressor(input, new StreamInflater(), onNotice)),
  },
  "zstd by the native handle": {
    format: "zstd",
    open: (input) => Promise.resolve(new ZstdDecompressor(input, NativeZstdDecoder.create()!)),
  },
  "zstd by WebAssembly": {
    format: "zstd",
    open: async (input) => new ZstdDecompressor(input, await WasmZstdDecoder.create()),
  },
  "xz": { format: "xz", open: (input) => Promise.resolve(new XzDecompressor(input)) },
  "bzip2": {
    format: "bzip2",
    open: (input, onNotice) => Promise.resolve(new Bzip2Decompressor(input, onNotice)),
  },
};

const NOISE = makeNoise(700_000);
const TEXT = new TextEncoder().encode(
  "the quick brown fox jumps over the lazy dog, 1234567890\n".repeat(9000),
);
/** Runs of every length to 300: what the run-length stages of bzip2 and zstd see. */
const RUNS = concatBytes(Array.from({ length: 300 }, (_, i) => new Uint8Array(i).fill(i % 3)));
const CONTENTS: Record<string, Uint8Array> = {
  "nothing": new Uint8Array(0),
  "one byte": Uint8Array.of(7),
  "noise": NOISE,
  "text": TEXT,
  "runs": RUNS,
  "zeros": new Uint8Array(5_000_000),
};

/** Commands of the tools that write each format. */
const COMMANDS: Record<string, readonly string[]> = {
  gzip: ["gzip -6", "gzip -1 -N", "pigz -9", "pigz -i -b 128"],
  zstd: ["zstd -3", "zstd -19 --long=27 --no-check", "zstd -1 --no-check", "zstd -5 -T2 -B512K"],
  xz: ["xz -0", "xz -6 --check=crc32", "xz -1 -T2 --block-size=65536"],
  bzip2: ["bzip2 -1", "bzip2 -9"],
};

for (const [name, { format, open }] of Object.entries(DECODERS)) {
  for (const command of COMMANDS[format]) {
    const tool = command.split(" ")[0];
    toolTest(`${name} reads what ${command} writes`, [tool], async () => {
      for (const [what, content] of Object.entries(CONTENTS)) {
        const blob = compress(command, content);
        strictEqual(detectCompression(blob), format);
        for (const size of what === "zeros" ? [262144] : [262144, 1000]) {
          await assertContent(await decompress(open, blob, size), content, what);
        }
      }
    });
  }

  const command = COMMANDS[format][0];
  toolTest(`${name} reads many streams one after another`, [command.split(" ")[0]], async () => {
    const pieces = [TEXT.subarray(0, 300_000), new Uint8Array(0), NOISE.subarray(0, 1000), RUNS];
    const blob = concatBytes(pieces.map((piece) => compress(command, piece)));
    await assertContent(await decompress(open, blob), concatBytes(pieces), "streams");
  });

  toolTest(`${name} refuses a blob that is cut off`, [command.split(" ")[0]], async () => {
    const blob = compress(command, concatBytes([TEXT.subarray(0, 1000), NOISE.subarray(0, 3000)]));
    for (let size = 4; size < blob.length; size += size < 40 || size > blob.length - 40 ? 1 : 97) {
      const error = await errorOf(open, blob.subarray(0, size));
      strictEqual(error?.code, "CORRUPT", `${size} of ${blob.length}: ${error?.message}`);
      strictEqual(error.message.includes(`${size}`), true, error.message);
    }
  });

  toolTest(`${name} finds a changed byte`, [command.split(" ")[0]], async () => {
    const content = concatBytes([TEXT.subarray(0, 1000), NOISE.subarray(0, 3000)]);
    const blob = compress(command, content);
    for (let at = 0; at < blob.length; at += at < 60 || at > blob.length - 60 ? 1 : 61) {
      const broken = blob.slice();
      broken[at] ^= 0x55;
      const result = await decompress(open, broken).catch((error: unknown) => error);
      // Bytes without a meaning (a time, a name) may change; the content may not.
      if (result instanceof Uint8Array) deepStrictEqual(result, content, `byte ${at}`);
      else strictEqual(result instanceof ImageError, true, `byte ${at}: ${result}`);
    }
  });
}

for (const name of Object.keys(DECODERS).filter((name) => name.startsWith("gzip"))) {
  const { open } = DECODERS[name];

  Deno.test(`${name} reads a header with all its optional fields`, async () => {
    const deflated = gzipSync(TEXT).subarray(10);
    const header = [
      0x1f,
      0x8b,
      8,
      0x1f,
      0,
      0,
      0,
      0,
      0,
      3,
      3,
      0,
      1,
      2,
      3,
      0x61,
      0,
      0x62,
      0,
      0xaa,
      0xbb,
    ];
    const blob = concatBytes([Uint8Array.from(header), deflated]);
    await assertContent(await decompress(open, blob), TEXT, "header");
  });

  Deno.test(`${name} takes zeros behind the last member for padding`, async () => {
    const notices: Notice[] = [];
    const blob = concatBytes([gzipSync(TEXT), new Uint8Array(300_000)]);
    await assertContent(await decompress(open, blob, 1000, notices), TEXT, "padding");
    deepStrictEqual(notices, []);
  });

  for (const garbage of ["garbage", "\x1f", "\0\0\x1f\x8b garbage", "g".repeat(600_000)]) {
    Deno.test(`${name} ignores ${JSON.stringify(garbage.slice(0, 20))} behind it with a notice`, async () => {
      const notices: Notice[] = [];
      const blob = concatBytes([gzipSync(TEXT), Uint8Array.from(garbage, (c) => c.charCodeAt(0))]);
      await assertContent(await decompress(open, blob, 262144, notices), TEXT, "garbage");
      deepStrictEqual(notices.map(({ code }) => code), ["TRAILING_DATA"]);
    });
  }

  Deno.test(`${name} finds member ends at every place of the read window`, async () => {
    // A member that ends within 12 bytes of the end of a 256 KiB piece, on either side.
    const stored = deflateRawSync(NOISE.subarray(0, 1), { level: 0 });
    strictEqual(stored.length, 6);
    for (let cut = 262144 - 12; cut <= 262144 + 12; cut++) {
      const first = gzipSync(NOISE.subarray(0, 200_000), { level: 0 });
      const fillSize = cut - first.length - 23;
      const fill = gzipSync(NOISE.subarray(0, fillSize), { level: 0 });
      strictEqual(first.length + fill.length, cut);
      const content = concatBytes([NOISE.subarray(0, 200_000), NOISE.subarray(0, fillSize), TEXT]);
      const blob = concatBytes([first, fill, gzipSync(TEXT)]);
      await assertContent(await decompress(open, blob), content, `cut ${cut}`);
    }
  });
}

for (const name of Object.keys(DECODERS).filter((name) => name.startsWith("zstd"))) {
  const { open } = DECODERS[name];

  Deno.test(`${name} passes over skippable frames`, async () => {
    const skippable = concatBytes([
      Uint8Array.of(0x5e, 0x2a, 0x4d, 0x18, 0, 0, 8, 0),
      new Uint8Array(0x80000).fill(9),
    ]);
    const frame = zstdCompressSync(TEXT);
    const blob = concatBytes([skippable, frame, skippable, skippable, frame, skippable]);
    strictEqual(detectCompression(blob), "zstd");
    await assertContent(await decompress(open, blob), concatBytes([TEXT, TEXT]), "skippable");
    const error = await errorOf(open, blob.subarray(0, blob.length - 1));
    strictEqual(error?.code, "CORRUPT");
  });

  Deno.test(`${name} reads thousands of small frames`, async () => {
    const frame = zstdCompressSync(TEXT.subarray(0, 2000));
    const blob = concatBytes(new Array(3000).fill(frame));
    const content = concatBytes(new Array(3000).fill(TEXT.subarray(0, 2000)));
    await assertContent(await decompress(open, blob), content, "frames");
  });

  Deno.test(`${name} refuses what follows a frame and is none`, async () => {
    for (const garbage of ["garbage", "\0", "\0".repeat(600)]) {
      const error = await errorOf(open, concatBytes([zstdCompressSync(TEXT), garbage]));
      strictEqual(error?.code, "CORRUPT", garbage);
    }
  });

  Deno.test(`${name} refuses dictionaries, huge windows and unknown headers`, async () => {
    const magic = [0x28, 0xb5, 0x2f, 0xfd];
    const codes = [];
    for (
      const header of [[0x01, 0, 1], [0x00, 0xb0], [0x08, 0], [0x00, 0, 0x07, 0, 0], [
        0x00,
        0,
        0xf9,
        0xff,
        0xff,
      ]]
    ) {
      codes.push((await errorOf(open, Uint8Array.from([...magic, ...header, 0, 0, 0])))?.code);
    }
    deepStrictEqual(codes, ["UNSUPPORTED", "LIMIT_EXCEEDED", "CORRUPT", "CORRUPT", "CORRUPT"]);
  });
}

toolTest("zstd by the native handle reads a window of 2 GiB", ["zstd"], async () => {
  const blob = compress("zstd --long=31 --ultra -20 -M2100MB --no-check", TEXT, true);
  await assertContent(await decompress(DECODERS["zstd by the native handle"].open, blob), TEXT, "");
});

toolTest("xz accepts padding between and behind streams by units of 4", ["xz"], async () => {
  const stream = compress("xz -1", TEXT);
  const { open } = DECODERS["xz"];
  const blob = concatBytes([stream, new Uint8Array(8), stream, new Uint8Array(300_000)]);
  await assertContent(await decompress(open, blob), concatBytes([TEXT, TEXT]), "padding");
  for (const tail of [new Uint8Array(3), "garb", new Uint8Array(1)]) {
    strictEqual((await errorOf(open, concatBytes([stream, tail])))?.code, "CORRUPT");
  }
});

toolTest("xz gives its decoder back when it is closed halfway", ["xz"], async () => {
  // The package lets one stream at a time be open: an open one would block the next for ever.
  const blob = compress("xz -1", NOISE);
  const { open } = DECODERS["xz"];
  for (let round = 0; round < 3; round++) {
    const decompressor = await open(inputOf(blob), () => {});
    strictEqual(await decompressor.pull(new Uint8Array(10)), 10);
    decompressor.close();
  }
  await assertContent(await decompress(open, blob), NOISE, "after");
});

toolTest("bzip2 ignores what follows its streams with a notice", ["bzip2"], async () => {
  const notices: Notice[] = [];
  const blob = concatBytes([compress("bzip2 -9", TEXT), "garbage"]);
  await assertContent(await decompress(DECODERS["bzip2"].open, blob, 1000, notices), TEXT, "");
  deepStrictEqual(notices.map(({ code }) => code), ["TRAILING_DATA"]);
});

Deno.test("bzip2 reads many streams without a block in little memory", async () => {
  // "BZh9", the end's magic number, and the checksum of nothing.
  const empty = concatBytes([
    "BZh9",
    Uint8Array.of(0x17, 0x72, 0x45, 0x38, 0x50, 0x90, 0, 0, 0, 0),
  ]);
  const blob = concatBytes(new Array(20_000).fill(empty));
  await assertContent(await decompress(DECODERS["bzip2"].open, blob), new Uint8Array(0), "empty");
});

Deno.test("NativeHandle.of() answers null for a stream of another form", () => {
  const state = new Uint32Array(2);
  const handle = { writeSync: () => {}, reset: () => {} };
  strictEqual(NativeHandle.of({}), null);
  strictEqual(NativeHandle.of({ _handle: null, _writeState: state }), null);
  strictEqual(NativeHandle.of({ _handle: { writeSync: () => {} }, _writeState: state }), null);
  strictEqual(NativeHandle.of({ _handle: handle, _writeState: [0, 0] }), null);
  strictEqual(NativeHandle.of({ _handle: handle, _writeState: state }) === null, false);
});

Deno.test("the native decoders of this runtime are found and pass their self-test", () => {
  for (const decoder of [NativeInflater.create(), NativeZstdDecoder.create()]) {
    strictEqual(decoder === null, false);
    decoder!.close();
  }
});

Deno.test("detectCompression() takes a tar for a tar whatever its first name", () => {
  const names = [[0x1f, 0x8b, 8], [0x28, 0xb5, 0x2f, 0xfd], [0x42, 0x5a, 0x68, 0x39]];
  for (const name of names) {
    const head = new Uint8Array(512);
    head.set(name);
    strictEqual(detectCompression(head) === "none", false);
    let sum = 8 * 32;
    for (const byte of head) sum += byte;
    head.set(new TextEncoder().encode(sum.toString(8).padStart(6, "0") + "\0 "), 148);
    strictEqual(detectCompression(head), "none");
  }
  strictEqual(detectCompression(new Uint8Array(0)), "none");
});

function inputOf(blob: Uint8Array): BlobInput {
  return new BlobInput({
    kind: "tar",
    location: { kind: "memory", bytes: blob },
    size: blob.length,
    declaredCompression: null,
    digest: null,
    diffId: null,
  });
}

/** All that comes out, pulled in pieces of `size`. */
async function decompress(
  open: Open,
  blob: Uint8Array,
  size = 262144,
  notices: Notice[] = [],
): Promise<Uint8Array> {
  const input = inputOf(blob);
  const decompressor = await open(input, (notice) => notices.push(notice));
  try {
    const pieces: Uint8Array[] = [];
    for (;;) {
      const into = new Uint8Array(size);
      const count = await decompressor.pull(into);
      if (count === 0) break;
      pieces.push(into.subarray(0, count));
    }
    strictEqual(await decompressor.pull(new Uint8Array(1)), 0);
    strictEqual(input.fill(), false, "the blob is read to its end");
    return concatBytes(pieces);
  } finally {
    decompressor.close();
    decompressor.close();
  }
}

async function errorOf(open: Open, blob: Uint8Array): Promise<ImageError | undefined> {
  const result = await decompress(open, blob).catch((error: unknown) => error);
  if (result instanceof Uint8Array) return undefined;
  if (!(result instanceof ImageError)) throw result;
  return result;
}

function assertContent(actual: Uint8Array, expected: Uint8Array, what: string): void {
  strictEqual(actual.length, expected.length, what);
  // Faster than a deep comparison of large arrays.
  const first = actual.findIndex((byte, i) => byte !== expected[i]);
  strictEqual(first, -1, `${what}: first difference`);
}

/** `content` as a command compresses it, from a file whose size the tool does not know. */
function compress(command: string, content: Uint8Array, isPiped = false): Uint8Array {
  const folder = Deno.makeTempDirSync();
  try {
    Deno.writeFileSync(`${folder}/content`, content);
    const script = isPiped ? `cat content | ${command} -c > blob` : `${command} -c content > blob`;
    const { status, stderr } = runTool("sh", ["-c", script], { cwd: folder });
    if (status !== 0) throw new Error(stderr);
    return Deno.readFileSync(`${folder}/blob`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function makeNoise(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = 1;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}
