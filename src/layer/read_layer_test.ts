import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { ImageError } from "../image_error.ts";
import type { Notice } from "../notice.ts";
import { digestOf } from "../oci/digest.ts";
import type { Compression, Layer, TarLayerJob } from "./layer.ts";
import { readLayer } from "./read_layer.ts";
import { tarArchive } from "./tar/tar_fixture.ts";
import { TarRecorder } from "./tar/tar_recorder.ts";

const BIG = new Uint8Array(3_000_000).map((_, i) => (i * i) >> 7);
const ARCHIVE = tarArchive([
  { path: "etc/", type: "5" },
  { path: "etc/os-release", body: "ID=test\n" },
  { path: "big", body: BIG },
]);

/** A layer of `blob` in memory with the right size and digest. */
function layerOf(blob: Uint8Array, changes: Partial<TarLayerJob> = {}): Layer {
  const job: TarLayerJob = {
    kind: "tar",
    location: { kind: "memory", bytes: blob },
    size: blob.length,
    declaredCompression: null,
    digest: digestOf(blob),
    diffId: digestOf(ARCHIVE),
    ...changes,
  };
  return { index: 0, name: "0 (sha256:0123456789ab)", size: blob.length, job };
}

const BLOBS: [Compression, Uint8Array][] = [
  ["none", ARCHIVE],
  ["gzip", gzipSync(ARCHIVE)],
  ["zstd", zstdCompressSync(ARCHIVE)],
];

for (const [compression, blob] of BLOBS) {
  Deno.test(`readLayer() reads and verifies a layer compressed by ${compression}`, async () => {
    const recorder = new TarRecorder();
    const summary = await readLayer(layerOf(blob), recorder, { verifyDiffIds: true });
    deepStrictEqual(summary, {
      uncompressedSize: ARCHIVE.length,
      entryCount: 3,
      compression,
      isDigestVerified: true,
      isDiffIdVerified: true,
      contentDigest: null,
    });
    deepStrictEqual(recorder.get("big").body, BIG);
  });

  Deno.test(`readLayer() names what has no digest by its tar, compressed by ${compression}`, async () => {
    const layer = layerOf(blob, { digest: null, diffId: null });
    const { contentDigest } = await readLayer(layer, new TarRecorder());
    strictEqual(contentDigest, digestOf(ARCHIVE));
  });

  Deno.test(`readLayer() reads a range of a file compressed by ${compression}`, async () => {
    const path = await Deno.makeTempFile();
    try {
      const file = new Uint8Array(blob.length + 2000).fill(0xee);
      file.set(blob, 1000);
      await Deno.writeFile(path, file);
      const location = { kind: "file", path, offset: 1000 } as const;
      const recorder = new TarRecorder();
      await readLayer(layerOf(blob, { location }), recorder);
      deepStrictEqual(recorder.get("big").body, BIG);
    } finally {
      await Deno.remove(path);
    }
  });

  Deno.test(`readLayer() refuses a ${compression} blob with another digest`, async () => {
    const digest = digestOf(new Uint8Array(1));
    await rejects(
      readLayer(layerOf(blob, { digest }), new TarRecorder()),
      { name: "ImageError", code: "DIGEST_MISMATCH" },
    );
  });
}

Deno.test("readLayer() reports a media type that contradicts the bytes", async () => {
  const notices: Notice[] = [];
  const layer = layerOf(gzipSync(ARCHIVE), { declaredCompression: "zstd" });
  await readLayer(layer, new TarRecorder(), { onNotice: (notice) => notices.push(notice) });
  deepStrictEqual(notices.map(({ code }) => code), ["MEDIA_TYPE_MISMATCH"]);
  strictEqual(notices[0].where?.layer, layer.name);
});

Deno.test("readLayer() says that the digest is wrong where broken bytes break the tar", async () => {
  const broken = ARCHIVE.slice();
  broken[150] ^= 1;
  const layer = layerOf(broken, { digest: digestOf(ARCHIVE) });
  const error = await readLayer(layer, new TarRecorder()).catch((error: unknown) => error);
  strictEqual(error instanceof ImageError && error.code, "DIGEST_MISMATCH");
  strictEqual((error as ImageError).cause instanceof ImageError, true);
});

Deno.test("readLayer() compares the diff id where there is no digest, and when asked to", async () => {
  const blob = gzipSync(ARCHIVE);
  const wrong = digestOf(new Uint8Array(2));
  const read = (changes: Partial<TarLayerJob>, verifyDiffIds = false) =>
    readLayer(layerOf(blob, changes), new TarRecorder(), { verifyDiffIds });
  const unchecked = await read({ diffId: wrong });
  deepStrictEqual([unchecked.isDigestVerified, unchecked.isDiffIdVerified], [true, false]);
  await rejects(read({ diffId: wrong }, true), { code: "DIGEST_MISMATCH" });
  await rejects(read({ diffId: wrong, digest: null }), { code: "DIGEST_MISMATCH" });
  const checked = await read({ digest: null });
  deepStrictEqual([checked.isDigestVerified, checked.isDiffIdVerified], [false, true]);
  const sha512 = await read({ digest: digestOf(blob, "sha512"), diffId: null }, true);
  deepStrictEqual([sha512.isDigestVerified, sha512.isDiffIdVerified], [true, false]);
  await rejects(read({ digest: "md5:00" }), { code: "UNSUPPORTED" });
});

Deno.test("readLayer() reads and hashes the blob to its end behind the end of the tar", async () => {
  const padded = new Uint8Array(ARCHIVE.length + 1_000_000);
  padded.set(ARCHIVE);
  const blob = zstdCompressSync(padded);
  const broken = zstdCompressSync(padded.fill(1, ARCHIVE.length + 900_000));
  strictEqual((await readLayer(layerOf(blob), new TarRecorder())).uncompressedSize, padded.length);
  const layer = layerOf(broken, { digest: digestOf(blob) });
  await rejects(readLayer(layer, new TarRecorder()), { code: "DIGEST_MISMATCH" });
});

Deno.test("readLayer() refuses a blob of another size", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, ARCHIVE);
    const location = { kind: "file", path, offset: 512 } as const;
    await rejects(readLayer(layerOf(ARCHIVE, { location }), new TarRecorder()), {
      code: "DIGEST_MISMATCH",
      message: `Cannot read layer blob: it has ${ARCHIVE.length - 512} bytes, ` +
        `expected ${ARCHIVE.length}`,
    });
    await rejects(readLayer(layerOf(ARCHIVE, { size: 512 }), new TarRecorder()), {
      code: "DIGEST_MISMATCH",
    });
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("readLayer() reads a layer without a byte, whatever it says of its compression", async () => {
  const notices: Notice[] = [];
  const layer = layerOf(new Uint8Array(0), { declaredCompression: "gzip", diffId: null });
  const onNotice = (notice: Notice) => notices.push(notice);
  const summary = await readLayer(layer, new TarRecorder(), { onNotice });
  deepStrictEqual([summary.entryCount, summary.isDigestVerified, notices], [0, true, []]);
});

Deno.test("readLayer() names layer, path and offset of what is wrong", async () => {
  const blob = gzipSync(tarArchive([{ path: "a" }, { path: "../b" }]));
  const error = await readLayer(layerOf(blob), new TarRecorder()).catch((error: unknown) => error);
  deepStrictEqual((error as ImageError).where, {
    layer: "0 (sha256:0123456789ab)",
    path: "../b",
    offset: 512,
  });
});

Deno.test("readLayer() says where compressed data ends too early", async () => {
  const whole = gzipSync(ARCHIVE);
  const blob = whole.subarray(0, whole.length / 2);
  const error = await readLayer(layerOf(blob), new TarRecorder()).catch((error: unknown) => error);
  strictEqual((error as ImageError).code, "CORRUPT");
  strictEqual((error as ImageError).message.includes(`byte ${blob.length}`), true);
  strictEqual((error as ImageError).where.layer, "0 (sha256:0123456789ab)");
});

Deno.test("readLayer() passes on what the visitor throws, untouched", async () => {
  const thrown = new Error("mine");
  const visitor = new TarRecorder();
  visitor.write = () => {
    throw thrown;
  };
  strictEqual(await readLayer(layerOf(ARCHIVE), visitor).catch((error: unknown) => error), thrown);
});

Deno.test("readLayer() stops by its signal, tells its progress and closes the file", async () => {
  const path = await Deno.makeTempFile();
  try {
    const archive = tarArchive([{ path: "zeros", body: new Uint8Array(30_000_000) }]);
    await Deno.writeFile(path, archive);
    const location = { kind: "file", path, offset: 0 } as const;
    const layer = layerOf(archive, { location, diffId: null });
    const steps: number[] = [];
    await readLayer(layer, new TarRecorder(), { onProgress: (bytes) => steps.push(bytes) });
    strictEqual(steps.length >= 7, true);
    deepStrictEqual([...steps].sort((a, b) => a - b), steps);
    strictEqual(steps.at(-1), archive.length);

    const reason = new Error("enough");
    for (const stopAt of [1, 3]) {
      const controller = new AbortController();
      let turns = 0;
      const result = readLayer(layer, new TarRecorder(), {
        signal: controller.signal,
        onProgress: () => {
          if (++turns === stopAt) controller.abort(reason);
        },
      });
      strictEqual(await result.catch((error: unknown) => error), reason);
      strictEqual(turns, stopAt);
    }
    const aborted = readLayer(layer, new TarRecorder(), { signal: AbortSignal.abort(reason) });
    strictEqual(await aborted.catch((error: unknown) => error), reason);
    strictEqual(isOpen(path), false);
  } finally {
    await Deno.remove(path);
  }
});

/** Whether this process has the file open; tests beside this one open and close others. */
function isOpen(path: string): boolean {
  return [...Deno.readDirSync("/proc/self/fd")].some(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`) === path;
    } catch {
      return false; // Closed meanwhile.
    }
  });
}
