import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { ImageError } from "../../image_error.ts";
import type { Notice } from "../../notice.ts";
import type { Layer, TarLayerJob } from "../layer.ts";
import { CHUNK_SIZE } from "../layer_chunks.ts";
import { readLayer } from "../read_layer.ts";
import { tarArchive } from "../tar/tar_fixture.ts";
import { TarRecorder } from "../tar/tar_recorder.ts";
import { WorkerPool } from "./worker_pool.ts";

/** A layer of about 3 MB in a file; `damage` changes its bytes after the digest was taken. */
async function withLayer(
  run: (layer: Layer) => Promise<void>,
  damage: (blob: Uint8Array) => Uint8Array = (blob) => blob,
): Promise<void> {
  const body = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * i) >>> 7);
  const tar = tarArchive([{ path: "a", body }, { path: "b", body: "small" }, {
    path: "c/",
    type: "5",
  }]);
  const blob = new Uint8Array(gzipSync(tar));
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, damage(blob));
    await run({
      index: 0,
      name: "0 (test)",
      size: blob.length,
      job: {
        kind: "tar",
        location: { kind: "file", path, offset: 0 },
        size: blob.length,
        declaredCompression: "zstd",
        digest: `sha256:${createHash("sha256").update(blob).digest("hex")}`,
        diffId: `sha256:${createHash("sha256").update(tar).digest("hex")}`,
      },
    });
  } finally {
    await Deno.remove(path);
  }
}

for (const ringBytes of [0, 2 * CHUNK_SIZE, 64 * CHUNK_SIZE]) {
  Deno.test(`WorkerPool.read() gives what the main thread would, with a ring of ${ringBytes} bytes`, async () => {
    await withLayer(async (layer) => {
      const pool = new WorkerPool(2, ringBytes);
      try {
        const results = await Promise.all([undefined, pool, pool, pool].map(async (pool) => {
          const recorder = new TarRecorder();
          const notices: Notice[] = [];
          const progress: number[] = [];
          const summary = await readLayer(layer, recorder, {
            pool,
            verifyDiffIds: true,
            onNotice: (notice) => notices.push(notice),
            onProgress: (readBytes) => progress.push(readBytes),
          });
          return { recorder, summary, notices, last: progress.at(-1) };
        }));
        strictEqual(results[0].summary.isDiffIdVerified, true);
        strictEqual(results[0].notices[0].code, "MEDIA_TYPE_MISMATCH");
        strictEqual(results[0].last, layer.size);
        for (const result of results.slice(1)) deepStrictEqual(result, results[0]);
      } finally {
        pool.close();
      }
    });
  });
}

const faults: { name: string; damage: (blob: Uint8Array) => Uint8Array; code: string }[] = [
  {
    name: "a flipped byte",
    damage: (blob) => blob.with(blob.length >> 1, blob[blob.length >> 1] ^ 1),
    code: "DIGEST_MISMATCH",
  },
  { name: "a truncated blob", damage: (blob) => blob.subarray(0, -9), code: "DIGEST_MISMATCH" },
  { name: "an empty file", damage: () => new Uint8Array(), code: "DIGEST_MISMATCH" },
];

for (const { name, damage, code } of faults) {
  Deno.test(`WorkerPool.read() answers ${name} with the error that names the layer`, async () => {
    await withLayer(async (layer) => {
      const pool = new WorkerPool(1, 0);
      try {
        await rejects(readLayer(layer, new TarRecorder(), { pool }), (error) => {
          strictEqual(error instanceof ImageError, true, `${error}`);
          deepStrictEqual([(error as ImageError).code, (error as ImageError).where.layer], [
            code,
            "0 (test)",
          ]);
          return true;
        });
      } finally {
        pool.close();
      }
    }, damage);
  });
}

Deno.test("WorkerPool.read() answers a missing file with NOT_FOUND", async () => {
  await withLayer(async (layer) => {
    const pool = new WorkerPool(1, 0);
    try {
      const job = { ...layer.job, location: { kind: "file" as const, path: "/gone", offset: 0 } };
      await rejects(
        readLayer({ ...layer, job }, new TarRecorder(), { pool }),
        (error) => error instanceof ImageError && error.code === "NOT_FOUND",
      );
    } finally {
      pool.close();
    }
  });
});

Deno.test("WorkerPool.read() is stopped by a signal and by a visitor that throws", async () => {
  await withLayer(async (layer) => {
    const pool = new WorkerPool(1, 0);
    try {
      const refusal = new Error("no");
      const visitor = new TarRecorder();
      visitor.write = () => {
        throw refusal;
      };
      await rejects(readLayer(layer, visitor, { pool }), (error) => error === refusal);
      await rejects(
        readLayer(layer, new TarRecorder(), { pool, signal: AbortSignal.abort(refusal) }),
        (error) => error === refusal,
      );
    } finally {
      pool.close();
    }
  });
});

/** A worker made of `source`. */
const workerOf = (source: string) => () =>
  new Worker(`data:text/javascript,${encodeURIComponent(source)}`, { type: "module" });

const crashes = {
  "at once": `
    postMessage({ kind: "ready" });
    onmessage = () => { throw new Error("boom"); };`,
  "after some pieces": `
    postMessage({ kind: "ready" });
    onmessage = ({ data }) => {
      // One piece of zeros in the ring, then the end of the worker.
      const words = new Int32Array(data.ring);
      words[5] = 262144;
      Atomics.store(words, 0, 1);
      Atomics.add(words, 3, 1);
      Atomics.notify(words, 3);
      setTimeout(() => { throw new Error("boom"); }, 10);
    };`,
};
for (const [when, source] of Object.entries(crashes)) {
  Deno.test(`WorkerPool.read() names the layer when its worker crashes ${when}`, async () => {
    await withLayer(async (layer) => {
      const pool = new WorkerPool(1, 0, workerOf(source));
      try {
        await rejects(readLayer(layer, new TarRecorder(), { pool }), (error) => {
          strictEqual(error instanceof ImageError && error.code, "IO", `${error}`);
          strictEqual((error as ImageError).where.layer, "0 (test)");
          return /the worker failed.*boom/.test((error as ImageError).message);
        });
      } finally {
        pool.close();
      }
    });
  });
}

for (
  const [what, start] of Object.entries({
    "where there are no workers": (): null => null,
    "where a worker does not start": workerOf("syntax error"),
  })
) {
  Deno.test(`WorkerPool.read() decodes in this thread ${what}`, async () => {
    await withLayer(async (layer) => {
      const pool = new WorkerPool(1, 0, start);
      try {
        const summary = await readLayer(layer, new TarRecorder(), { pool });
        strictEqual(summary.isDigestVerified, true);
      } finally {
        pool.close();
      }
    });
  });
}

Deno.test("WorkerPool.read() takes an idle worker, however small another's layer says it is", async () => {
  await withLayer((layer) => {
    const asked = [0, 0];
    const workers = asked.map((_, i) => ({ postMessage: () => asked[i]++, terminate() {} }));
    const left = workers.values();
    const pool = new WorkerPool(2, 0, () => left.next().value as unknown as Worker);
    const unpacked = { directory: "/nowhere", size: 0 };
    const job = { ...layer.job as TarLayerJob, unpacked };
    pool.read(job, {});
    pool.read(job, {});
    pool.close();
    deepStrictEqual(asked, [1, 1]);
    return Promise.resolve();
  });
});
