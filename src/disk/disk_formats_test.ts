import { Buffer } from "node:buffer";
import {
  deepStrictEqual,
  match,
  notDeepStrictEqual,
  ok,
  rejects,
  strictEqual,
  throws,
} from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import type { ImageFormat } from "../format/image_format.ts";
import { memorySink } from "../io/memory_sink.ts";
import { memorySource } from "../io/memory_source.ts";
import { nullSink } from "../io/null_sink.ts";
import { plainBytes, plainFormat, type PlainImage, writeImage } from "./disk_fixture.ts";
import { openDisk } from "./open_disk.ts";
import { gpt } from "./gpt.ts";
import { qcow2 } from "./qcow2.ts";
import { verity } from "./verity.ts";
import { vhd } from "./vhd.ts";

/** Bytes that no compression makes smaller. */
function noise(size: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = seed + 1;
  for (let i = 0; i < size; i++) {
    state = (state * 48271) % 2147483647;
    bytes[i] = state >> 8;
  }
  return bytes;
}

/** Images whose pieces lie anywhere, overlap, are zeros or not, and may be cut off at the end. */
const plainImages: fc.Arbitrary<PlainImage> = fc.record({
  pieces: fc.array(
    fc.record({
      position: fc.nat(1_000_000),
      size: fc.integer({ min: 1, max: 200_000 }),
      kind: fc.constantFrom("zeros", "text", "noise"),
    }),
    { minLength: 1, maxLength: 8 },
  ),
  size: fc.integer({ min: 1, max: 1_200_000 }),
}).map(({ pieces, size }) => ({
  size,
  pieces: pieces.map(({ position, size, kind }, i) => {
    const zeros = new Uint8Array(size);
    const bytes = kind === "zeros" ? zeros : kind === "text" ? zeros.fill(65 + i) : noise(size, i);
    return { position, bytes };
  }),
}));

function readAll(file: Uint8Array): Uint8Array {
  const source = openDisk(memorySource(file)).image;
  const bytes = new Uint8Array(source.size);
  strictEqual(source.read(bytes, 0), source.size);
  return bytes;
}

async function made(format: ImageFormat<null>): Promise<Uint8Array<ArrayBuffer>> {
  const sink = memorySink();
  const { imageSize } = await writeImage(format, sink);
  strictEqual(sink.bytes.length, imageSize);
  return sink.bytes;
}

const WRAPPERS: readonly (readonly [string, (format: ImageFormat<null>) => ImageFormat<null>])[] = [
  ["qcow2", qcow2],
  ["qcow2 with zstd", (format) => qcow2(format, { compression: "zstd" })],
  ["VHD", vhd],
  ["GPT", gpt],
  ["GPT in qcow2 with zstd", (format) => qcow2(gpt(format), { compression: "zstd" })],
  ["dm-verity, GPT, VHD", (format) => vhd(gpt(verity(format, { hashBlockSize: 512 })))],
];

for (const [name, wrap] of WRAPPERS) {
  Deno.test(`an image in ${name} reads back as it is`, async () => {
    await fc.assert(
      fc.asyncProperty(plainImages, async (image) => {
        const expected = plainBytes(image);
        const found = readAll(await made(wrap(plainFormat(image))));
        // What is around it may make it longer, by zeros.
        ok(found.length >= expected.length);
        strictEqual(Buffer.compare(found.subarray(0, expected.length), expected), 0);
        ok(found.subarray(expected.length).every((byte) => byte === 0));
      }),
      { numRuns: 15 },
    );
  });
}

Deno.test("qcow2() keeps nothing of what was cut off", async () => {
  for (const compression of ["none", "zstd"] as const) {
    const secret = new TextEncoder().encode("a secret that was deleted");
    const image: PlainImage = {
      pieces: [
        { position: 10, bytes: noise(70_000, 1) },
        { position: 100_000, bytes: secret },
        { position: 300_000, bytes: noise(200_000, 2) },
        { position: 400_000, bytes: secret },
      ],
      size: 99_000,
    };
    const file = Buffer.from(await made(qcow2(plainFormat(image), { compression })));
    strictEqual(file.indexOf(secret), -1);
    strictEqual(Buffer.compare(readAll(file).subarray(0, 99_000), plainBytes(image)), 0);
  }
});

Deno.test("qcow2() stores no zeros, and noise without loss", async () => {
  const zeros: PlainImage = {
    pieces: [{ position: 0, bytes: new Uint8Array(500_000) }],
    size: 2 ** 30,
  };
  // Header, L1 table, and two clusters of reference counts.
  strictEqual((await made(qcow2(plainFormat(zeros)))).length, 4 * 65536);
  const full: PlainImage = {
    pieces: [{ position: 0, bytes: noise(40 * 65536, 3) }],
    size: 40 * 65536,
  };
  const file = await made(qcow2(plainFormat(full), { compression: "zstd" }));
  strictEqual(file.length, (40 + 5) * 65536);
});

Deno.test("the pieces in which an image is written do not matter", async () => {
  const bytes = noise(400_000, 4);
  bytes.fill(0, 65536, 200_000);
  const inPieces = (size: number): PlainImage => ({
    pieces: Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => ({
      position: i * size,
      bytes: bytes.subarray(i * size, (i + 1) * size),
    })),
    size: bytes.length,
  });
  for (const [, wrap] of WRAPPERS) {
    const one = await made(wrap(plainFormat(inPieces(400_000))));
    strictEqual(Buffer.compare(await made(wrap(plainFormat(inPieces(4096)))), one), 0);
    strictEqual(Buffer.compare(await made(wrap(plainFormat(inPieces(70_001)))), one), 0);
  }
});

Deno.test("the same image gives the same bytes as ever", async () => {
  const image: PlainImage = {
    pieces: [{ position: 5000, bytes: new Uint8Array(300_000).map((_, i) => i % 251) }],
    size: 700_000,
    details: { uuid: "u" },
  };
  const sums: Record<string, string> = {};
  for (const [name, wrap] of WRAPPERS) {
    // Compressed bytes are those of one release of the runtime.
    if (name.includes("zstd")) continue;
    const file = await made(wrap(plainFormat(image)));
    sums[name] = createHash("sha256").update(file).digest("hex").slice(0, 16);
  }
  deepStrictEqual(sums, {
    "qcow2": "3cbaa013eecf169c",
    "VHD": "cb9d582fe6ef6fbd",
    "GPT": "d7f0f94c573d9e5f",
    "dm-verity, GPT, VHD": "2b58aaac106508f6",
  });
});

Deno.test("UUIDs follow the input and what is in the image", async () => {
  const image = (details: PlainImage["details"]): PlainImage => ({
    pieces: [],
    size: 8192,
    details,
  });
  const ids = async (details: PlainImage["details"], identity: string) => {
    const sink = memorySink();
    const report = await writeImage(vhd(gpt(plainFormat(image(details)))), sink, identity);
    const { diskUuid, partitionUuid, vhdUuid } = report.details;
    return [diskUuid, partitionUuid, vhdUuid];
  };
  const first = await ids({ a: 1 }, "x");
  deepStrictEqual(await ids({ a: 1 }, "x"), first);
  strictEqual(
    new Set([...first, ...await ids({ a: 1 }, "y"), ...await ids({ a: 2 }, "x")]).size,
    9,
  );
});

Deno.test("gpt() takes the type of the processor, of Linux in general for one without", async () => {
  const image = plainFormat({ pieces: [], size: 4096 });
  const typeOf = async (options: Parameters<typeof gpt>[1]) =>
    (await writeImage(gpt(image, options), memorySink())).details.partitionType;
  strictEqual(await typeOf({}), "4f68bce3-e8cd-4db1-96e7-fbcaf984b709");
  strictEqual(await typeOf({ architecture: "riscv64" }), "72ec70a6-cf74-40e6-bd49-4bda08e8f224");
  strictEqual(await typeOf({ architecture: "wasm" }), "0fc63daf-8483-4772-8e79-3d69d8477de4");
});

Deno.test("options out of range and formats that are no image are refused", () => {
  const plain = plainFormat({ pieces: [], size: 1 });
  throws(() => verity(plain, { algorithm: "md5" }), /hash algorithm "md5", expected sha256/);
  throws(() => verity(plain, { salt: "00".repeat(257) }), RangeError);
  throws(() => verity(plain, { uuid: "x" }), RangeError);
  throws(() => verity(plain, { dataBlockSize: 8192 }), RangeError);
  throws(() => gpt(plain, { label: "x".repeat(30) }), /at most 36/);
  throws(() => gpt(plain, { label: "a\0" }), RangeError);
  throws(() => qcow2(plain, { compression: "lz4" as "none" }), RangeError);
  const pipe = { ...plain, streams: true };
  for (const wrap of [verity, gpt, vhd, qcow2]) throws(() => wrap(pipe), TypeError);
});

Deno.test("an output that cannot be read back is refused before anything is written", async () => {
  const plain = plainFormat({ pieces: [], size: 4096 });
  for (const format of [verity(plain), qcow2(plain, { compression: "zstd" })]) {
    await rejects(writeImage(format, nullSink()), (error) => {
      ok(error instanceof TypeError);
      match(error.message, /the output cannot be read back/);
      return true;
    });
  }
  const { imageSize } = await writeImage(qcow2(gpt(plain)), nullSink());
  ok(imageSize > 0);
});

Deno.test("verity() takes zeros for what the last block lacks", async () => {
  const bytes = noise(5000, 7);
  const rootOf = async (size: number) => {
    const image = { pieces: [{ position: 0, bytes: noise(9000, 7) }], size };
    const { details } = await writeImage(verity(plainFormat(image), { salt: "" }), memorySink());
    return details.verityRootHash;
  };
  const digest = (block: Uint8Array) => createHash("sha256").update(block).digest();
  const [data, hashes] = [new Uint8Array(8192), new Uint8Array(4096)];
  data.set(bytes);
  hashes.set(digest(data.subarray(0, 4096)));
  hashes.set(digest(data.subarray(4096)), 32);
  strictEqual(await rootOf(5000), digest(hashes).toString("hex"));
});

Deno.test("verity() finds a change of every block", async () => {
  const bytes = noise(10 * 4096, 5);
  const rootOf = async (changed: Uint8Array) => {
    const image = { pieces: [{ position: 0, bytes: changed }], size: 11 * 4096 };
    const options = { salt: "00" };
    return (await writeImage(verity(plainFormat(image), options), memorySink())).details
      .verityRootHash;
  };
  const root = await rootOf(bytes);
  for (let block = 0; block < 10; block++) {
    const changed = bytes.slice();
    changed[block * 4096 + 17] ^= 1;
    notDeepStrictEqual(await rootOf(changed), root);
  }
});

Deno.test("hashing and compressing stop when they are told to", async () => {
  const bytes = new Uint8Array(33 * 2 ** 20).fill(7);
  const image = { pieces: [{ position: 0, bytes }], size: bytes.length };
  for (const wrap of [verity, (it: ImageFormat<null>) => qcow2(it, { compression: "zstd" })]) {
    const sink = memorySink().open();
    const writer = wrap(plainFormat(image)).createWriter(sink, {
      identity: () => "x",
      createdSeconds: 0,
      expectedBytes: 0,
      onNotice() {},
      signal: AbortSignal.abort("enough"),
    });
    await rejects(writer.finish({ root: null as never }), (reason) => reason === "enough");
  }
});

Deno.test("qcow2() of a terabyte takes what its content takes", async () => {
  const size = 2 ** 40;
  const sink = memorySink();
  const image = { pieces: [{ position: size - 5, bytes: noise(5, 9) }], size };
  await writeImage(qcow2(plainFormat(image)), sink);
  // Header, data, L2, L1, and two of reference counts.
  strictEqual(sink.bytes.length, 6 * 65536);
  const source = openDisk(memorySource(sink.bytes)).image;
  const bytes = new Uint8Array(10);
  strictEqual(source.read(bytes, size - 10), 10);
  deepStrictEqual(bytes.subarray(5), noise(5, 9));
});

Deno.test("vhd() refuses disks that its readers do not take", async () => {
  const image = plainFormat({ pieces: [], size: 2041 * 2 ** 30 });
  await rejects(writeImage(vhd(image), nullSink()), { code: "LIMIT_EXCEEDED" });
});

Deno.test("verity() of a sparse image reads only what was written", async () => {
  const size = 2 ** 33;
  const image = { pieces: [{ position: size - 4096, bytes: noise(4096, 6) }], size };
  let readBytes = 0;
  let treeBytes = 0;
  const written: { bytes: Uint8Array; position: number }[] = [];
  const format = verity(plainFormat(image), {
    hashSink: { write: (bytes) => treeBytes += bytes.length, truncate() {} },
  });
  const writer = format.createWriter({
    write: (bytes, position) => written.push({ bytes: bytes.slice(), position }),
    truncate() {},
    read(into, position) {
      readBytes += into.length;
      into.fill(0);
      for (const piece of written) {
        if (piece.position >= position && piece.position < position + into.length) {
          into.set(piece.bytes, piece.position - position);
        }
      }
    },
  }, {
    identity: () => "x",
    createdSeconds: 0,
    expectedBytes: 0,
    onNotice() {},
  });
  const { details } = await writer.finish({ root: null as never });
  strictEqual(readBytes, 65536);
  // 2^21 data blocks: 2^14, 2^7 and 1 hash blocks, and the superblock's.
  strictEqual(treeBytes, (2 ** 14 + 2 ** 7 + 1 + 1) * 4096);
  strictEqual(details.verityDataBlocks, 2 ** 21);
});
