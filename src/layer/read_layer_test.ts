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
    });
    deepStrictEqual(recorder.get("big").body, BIG);
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
