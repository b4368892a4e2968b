import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { ImageError } from "../image_error.ts";
import { digestOf } from "../oci/digest.ts";
import { allocateArrival, ArrivalReader, ArrivalWriter } from "./blob_arrival.ts";
import type { Layer, TarLayerJob } from "./layer.ts";
import type { LayerEntry } from "./layer_entry.ts";
import { pause } from "./pause.ts";
import { readLayer } from "./read_layer.ts";
import { tarArchive } from "./tar/tar_fixture.ts";
import { TarRecorder } from "./tar/tar_recorder.ts";
import { WorkerPool } from "./worker/worker_pool.ts";

/** Bytes that do not compress, so that the blob is as long as the tar. */
const NOISE = (() => {
  const noise = new Uint8Array(3_000_000);
  for (let i = 0, x = 1; i < noise.length; i++) {
    x = Math.imul(x, 1664525) + 1013904223 >>> 0;
    noise[i] = x >>> 24;
  }
  return noise;
})();
const ARCHIVE = tarArchive([
  { path: "first", body: "1" },
  { path: "noise", body: NOISE },
  { path: "last", body: "2" },
]);

/** A download that goes as far as it is told. */
class Download {
  readonly partialPath: string;
  readonly path: string;
  readonly counter = allocateArrival();
  readonly writer = new ArrivalWriter(this.counter);
  readonly end = Promise.withResolvers<void>();
  isBegun = false;
  rejections = 0;
  readonly #blob: Uint8Array;
  readonly #file: Deno.FsFile;
  #written = 0;

  constructor(directory: string, blob: Uint8Array) {
    this.#blob = blob;
    this.partialPath = join(directory, "partial");
    this.path = join(directory, "blob");
    this.#file = Deno.openSync(this.partialPath, { write: true, createNew: true });
    this.end.promise.catch(() => {});
  }

  get layer(): Layer {
    const { path, partialPath, counter } = this;
    return {
      index: 3,
      name: "3 (sha256:0123456789ab)",
      size: this.#blob.length,
      job: {
        kind: "tar",
        location: { kind: "file", path, offset: 0, arriving: { partialPath, counter } },
        size: this.#blob.length,
        declaredCompression: null,
        digest: digestOf(this.#blob),
        diffId: null,
      },
      delivery: {
        complete: () => {
          this.isBegun = true;
          return this.end.promise;
        },
        reject: () => void this.rejections++,
      },
    };
  }

  writeTo(end: number): void {
    while (this.#written < end) {
      this.#written += this.#file.writeSync(this.#blob.subarray(this.#written, end));
    }
    this.writer.advance(end);
  }

  finish(): void {
    this.writeTo(this.#blob.length);
    Deno.renameSync(this.partialPath, this.path);
    this.writer.complete();
    this.end.resolve();
  }

  fail(error: unknown): void {
    this.end.reject(error);
    this.writer.fail();
  }

  close(): void {
    this.#file.close();
  }
}

async function withDownload(
  blob: Uint8Array,
  use: (download: Download) => Promise<void>,
): Promise<void> {
  const directory = Deno.makeTempDirSync({ prefix: "blob_arrival_" });
  const download = new Download(directory, blob);
  try {
    await use(download);
  } finally {
    download.close();
    Deno.removeSync(directory, { recursive: true });
  }
}

async function withPool(workers: number, use: (pool?: WorkerPool) => Promise<void>): Promise<void> {
  const pool = workers === 0 ? undefined : new WorkerPool(workers, 1 << 20);
  try {
    await use(pool);
  } finally {
    pool?.close();
  }
}

/** Tells when the first entry was seen. */
class FirstEntry extends TarRecorder {
  readonly seen: Promise<void>;
  readonly #seen = Promise.withResolvers<void>();

  constructor() {
    super();
    this.seen = this.#seen.promise;
  }

  override entry(entry: LayerEntry): boolean {
    this.#seen.resolve();
    return super.entry(entry);
  }
}

const BLOBS: readonly (readonly [string, Uint8Array])[] = [
  ["plain", ARCHIVE],
  ["gzip", new Uint8Array(gzipSync(ARCHIVE))],
  ["zstd", new Uint8Array(zstdCompressSync(ARCHIVE))],
];

for (const [name, blob] of BLOBS) {
  Deno.test(`readLayer() decodes the first half of a ${name} blob before the second is there`, () =>
    withDownload(blob, (download) =>
      withPool(1, async (pool) => {
        const recorder = new FirstEntry();
        const reading = readLayer(download.layer, recorder, { pool });
        await pause();
        strictEqual(download.isBegun, true);
        download.writeTo(Math.floor(blob.length / 2));
        await recorder.seen;
        download.finish();
        strictEqual((await reading).isDigestVerified, true);
        deepStrictEqual(recorder.get("noise").body, NOISE);
      })));

  for (const workers of [0, 2]) {
    Deno.test(`readLayer() reads a ${name} blob that trickles in, by ${workers} workers`, () =>
      withDownload(blob, (download) =>
        withPool(workers, async (pool) => {
          const recorder = new TarRecorder();
          const reading = readLayer(download.layer, recorder, { pool });
          for (let end = 1; end < blob.length; end += 70_001) {
            download.writeTo(end);
            await pause();
          }
          download.finish();
          await reading;
          deepStrictEqual(recorder.get("noise").body, NOISE);
          // Once more, now that the blob has its own name.
          await readLayer(download.layer, new TarRecorder(), { pool });
        })));
  }
}

for (const workers of [0, 1]) {
  Deno.test(`readLayer() fails with the error of the download, with ${workers} workers`, () =>
    withDownload(ARCHIVE, (download) =>
      withPool(workers, async (pool) => {
        const reading = readLayer(download.layer, new TarRecorder(), { pool });
        download.writeTo(1_000_000);
        const error = new ImageError("REGISTRY", "Cannot load blob: the registry is on fire");
        download.fail(error);
        await rejects(reading, (thrown) => thrown === error);
        deepStrictEqual(error.where, { layer: "3 (sha256:0123456789ab)" });
        strictEqual(download.rejections, 0);
      })));

  Deno.test(`readLayer() stops waiting for a download when cancelled, with ${workers} workers`, () =>
    withDownload(ARCHIVE, (download) =>
      withPool(workers, async (pool) => {
        const controller = new AbortController();
        const { signal } = controller;
        const reading = readLayer(download.layer, new TarRecorder(), { pool, signal });
        download.writeTo(1_000_000);
        await pause();
        const reason = new Error("enough");
        controller.abort(reason);
        await rejects(reading, (thrown) => thrown === reason);
        download.fail(reason);
      })));

  Deno.test(`readLayer() tells the keeper of wrong bytes, with ${workers} workers`, () => {
    const wrong = ARCHIVE.slice();
    wrong[1_000_000] ^= 1;
    return withDownload(wrong, (download) =>
      withPool(workers, async (pool) => {
        const { layer } = download;
        const job = { ...layer.job as TarLayerJob, digest: digestOf(ARCHIVE) };
        const reading = readLayer({ ...layer, job }, new TarRecorder(), { pool });
        download.finish();
        await rejects(reading, { code: "DIGEST_MISMATCH" });
        strictEqual(download.rejections, 1);
      }));
  });
}

/** A zstd blob that begins with 2 MB without any output (a skippable frame). */
function blobWithLongSilence(): Uint8Array {
  const silence = 2_000_000;
  const frame = zstdCompressSync(ARCHIVE);
  const blob = new Uint8Array(8 + silence + frame.length);
  const view = new DataView(blob.buffer);
  view.setUint32(0, 0x184d2a50, true);
  view.setUint32(4, silence, true);
  blob.set(frame, 8 + silence);
  return blob;
}

for (const fails of [false, true]) {
  const end = fails ? "fails" : "goes on";
  Deno.test(`readLayer() wakes a worker that waits inside the decoder when the download ${end}`, () => {
    const blob = blobWithLongSilence();
    return withDownload(blob, (download) =>
      withPool(1, async (pool) => {
        const reading = readLayer(download.layer, new TarRecorder(), { pool });
        download.writeTo(1_000_000);
        // Time for the worker to reach the end of what is there.
        await new Promise((resolve) => setTimeout(resolve, 200));
        if (fails) {
          const error = new ImageError("REGISTRY", "Cannot load blob: the line is cut");
          download.fail(error);
          await rejects(reading, (thrown) => thrown === error);
        } else {
          download.finish();
          strictEqual((await reading).isDigestVerified, true);
        }
      }));
  });
}

Deno.test("ArrivalReader tells what is there, by whole KiB until all is", async () => {
  const counter = allocateArrival();
  const writer = new ArrivalWriter(counter);
  const reader = new ArrivalReader(counter);
  strictEqual(reader.has(0), true);
  strictEqual(reader.has(1), false);
  writer.advance(2047);
  strictEqual(reader.has(1024), true);
  strictEqual(reader.has(1025), false);
  const arrival = reader.arrival(3000);
  writer.advance(5 * 2 ** 40);
  await arrival;
  strictEqual(reader.has(2 ** 40), true);
  strictEqual(reader.has(3 * 2 ** 40), false);
  writer.complete();
  writer.fail();
  strictEqual(reader.has(3 * 2 ** 40), true);
  strictEqual(reader.isFailed, false);
});
