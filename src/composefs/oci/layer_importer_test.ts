import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { digestOf } from "../../oci/digest.ts";
import { withRepository } from "../repository/repository_fixture.ts";
import type { TarLayer } from "./import_layer.ts";
import { WorkerImporter } from "./layer_importer.ts";
import { BASE_LAYER, layerOf } from "./oci_fixture.ts";

function tarLayer(tar = layerOf(BASE_LAYER)): TarLayer {
  const job = {
    kind: "tar",
    location: { kind: "memory", bytes: tar },
    size: tar.length,
    declaredCompression: null,
    digest: null,
    diffId: digestOf(tar),
  } as const;
  return { layer: { index: 0, name: "0 (test)", size: tar.length, job }, job, diffId: job.diffId };
}

const workerOf = (source: string) => () =>
  new Worker(`data:text/javascript,${encodeURIComponent(source)}`, { type: "module" });

for (
  const [what, start] of Object.entries({
    "where there are no workers": (): null => null,
    "where a worker does not start": workerOf("syntax error"),
  })
) {
  Deno.test(`WorkerImporter stores in this thread ${what}`, async () => {
    await withRepository(async (repository) => {
      const importer = new WorkerImporter(repository, start);
      try {
        const { id, sizeBytes } = await importer.store(tarLayer(), {});
        strictEqual(repository.objects.sizeOf(id) === null, false);
        strictEqual(sizeBytes, tarLayer().job.size);
        // It goes on with the next one.
        strictEqual((await importer.store(tarLayer(), {})).id, id);
      } finally {
        importer.close();
      }
    });
  });
}

Deno.test("WorkerImporter says that its worker crashed", async () => {
  await withRepository(async (repository) => {
    const importer = new WorkerImporter(
      repository,
      workerOf(`
        postMessage({ kind: "ready" });
        onmessage = () => { throw new Error("boom"); };`),
    );
    try {
      await rejects(importer.store(tarLayer(), {}), {
        code: "IO",
        message: /the worker failed.*boom/,
      });
    } finally {
      importer.close();
    }
  });
});

Deno.test("WorkerImporter gives up a worker that does not leave off", async () => {
  await withRepository(async (repository) => {
    const importer = new WorkerImporter(
      repository,
      workerOf(`
        postMessage({ kind: "ready" });
        onmessage = () => { };`),
    );
    try {
      const stored = importer.store(tarLayer(), {});
      setTimeout(() => importer.stop(), 100);
      await rejects(stored, { code: "IO", message: /did not leave off/ });
    } finally {
      importer.close();
    }
  });
});

Deno.test("WorkerImporter leaves off in the middle of a layer, and nothing behind", async () => {
  const large = tarLayer(layerOf([{ path: "large", body: "large ".repeat(8_000_000) }]));
  await withRepository(async (repository) => {
    const importer = new WorkerImporter(repository);
    try {
      // Stopped by the first progress: the layer would be complete before it is given up.
      await rejects(
        importer.store(large, { onProgress: () => importer.stop() }),
        /^Error: stopped/,
      );
      deepStrictEqual([...Deno.readDirSync(`${repository.path}/tmp`)], []);
    } finally {
      importer.close();
    }
  });
});
