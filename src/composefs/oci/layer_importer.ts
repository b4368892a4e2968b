/**
 * Stores layers of an image, in this thread or in a worker.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { arrivalOf, explainDelivery } from "../../layer/delivered_chunks.ts";
import type { BlobDelivery, TarLayerJob } from "../../layer/layer.ts";
import { receivedError } from "../../layer/worker/messages.ts";
import type { ObjectStore } from "../repository/object_store.ts";
import type { Repository } from "../repository/repository.ts";
import { storeBlob } from "./blob_layer.ts";
import { copyLayer } from "./copied_layer.ts";
import {
  type ImportedLayer,
  importLayer,
  type ImportLayerOptions,
  type LayerToStore,
  openTarLayer,
} from "./import_layer.ts";
import type { ImportAnswer, ImportRequest } from "./import_messages.ts";

/** Stores layers, one at a time. It must be closed. */
export interface LayerImporter {
  /** Stores a layer; rejects with `ImageError`, or the reason of the signal. */
  store(layer: LayerToStore, options: ImportLayerOptions): Promise<ImportedLayer>;
  /** Leaves off: what is being stored is rejected before long. */
  stop(): void;
  /** Gives a thread back. */
  close(): void;
}

/** Stores layers in this thread. */
export class InlineImporter implements LayerImporter {
  readonly #repository: Repository;
  readonly #stop = new AbortController();

  /** Stores to `repository`. */
  constructor(repository: Repository) {
    this.#repository = repository;
  }

  /** See {@linkcode LayerImporter.store}. */
  async store(layer: LayerToStore, options: ImportLayerOptions): Promise<ImportedLayer> {
    const signals = [this.#stop.signal, ...(options.signal === undefined ? [] : [options.signal])];
    const chosen = { ...options, signal: AbortSignal.any(signals) };
    const { objects } = this.#repository;
    const { job, diffId } = layer;
    if (job.kind === "copy") return await copyLayer(objects, job, diffId, chosen);
    if (layer.isBlob) return await storeDelivered(objects, { ...layer, job }, chosen);
    const tar = { ...layer, job, layer: { ...layer.layer, job } };
    return await importLayer(objects, tar, openTarLayer(tar, chosen), chosen);
  }

  /** See {@linkcode LayerImporter.stop}. */
  stop(): void {
    this.#stop.abort();
  }

  /** See {@linkcode LayerImporter.close}. */
  close(): void {}
}

/** Time for a worker to remove what it has begun. */
const GRACE_MILLISECONDS = 2000;

/** Stores layers in a worker, or in this thread where none starts. */
export class WorkerImporter implements LayerImporter {
  readonly #repository: Repository;
  readonly #inline: InlineImporter;
  readonly #stop = new SharedArrayBuffer(4);
  #worker: Worker | null;
  #isReady = false;
  #grace: ReturnType<typeof setTimeout> | undefined;
  #options: ImportLayerOptions = {};
  #pending: PromiseWithResolvers<ImportedLayer | "never started"> | null = null;

  /** Starts the worker; `start` answers `null` where there can be none. */
  constructor(repository: Repository, start: () => Worker | null = startWorker) {
    this.#repository = repository;
    this.#inline = new InlineImporter(repository);
    const worker = this.#worker = start();
    if (worker === null) return;
    worker.onmessage = ({ data }: MessageEvent<ImportAnswer>) => this.#hear(data);
    worker.onerror = (event) => {
      // Without this the error would end the whole program.
      event.preventDefault();
      this.#fail(event.message);
    };
  }

  /** See {@linkcode LayerImporter.store}. */
  async store(layer: LayerToStore, options: ImportLayerOptions): Promise<ImportedLayer> {
    if (this.#worker === null) return await this.#inline.store(layer, options);
    const { layer: { index, name, delivery }, job, diffId, isBlob = false } = layer;
    // A failure is told by the reading of the blob.
    delivery?.complete().catch(() => {});
    const { path, metadata: { algorithm }, isSecure } = this.#repository;
    this.#options = options;
    this.#pending = Promise.withResolvers();
    this.#worker.postMessage(
      {
        stop: this.#stop,
        path,
        algorithm,
        isSecure,
        index,
        name,
        job,
        diffId,
        localFetch: options.localFetch,
        isBlob,
      } satisfies ImportRequest,
    );
    try {
      const stored = await this.#pending.promise;
      if (stored !== "never started") return stored;
    } catch (error) {
      if (delivery === undefined || job.kind === "copy") throw error;
      return await explainDelivery(error, delivery, arrivalOf(job));
    } finally {
      this.#pending = null;
    }
    return await this.#inline.store(layer, options);
  }

  /** See {@linkcode LayerImporter.stop}. */
  stop(): void {
    this.#inline.stop();
    if (this.#worker === null || this.#grace !== undefined) return;
    Atomics.store(new Int32Array(this.#stop), 0, 1);
    this.#grace = setTimeout(() => this.#fail("it did not leave off"), GRACE_MILLISECONDS);
  }

  /** See {@linkcode LayerImporter.close}. */
  close(): void {
    clearTimeout(this.#grace);
    this.#worker?.terminate();
    this.#worker = null;
  }

  #hear(answer: ImportAnswer): void {
    switch (answer.kind) {
      case "ready":
        this.#isReady = true;
        return;
      case "notice":
        return this.#options.onNotice?.(answer.notice);
      case "progress":
        return this.#options.onProgress?.(answer.readBytes);
      case "error":
        return this.#pending?.reject(receivedError(answer.error));
      case "end": {
        const { id, sizeBytes, readBytes, counts } = answer;
        this.#repository.objects.count(counts);
        this.#pending?.resolve({ id, sizeBytes, readBytes });
      }
    }
  }

  #fail(message: string): void {
    const isReady = this.#isReady;
    this.close();
    if (!isReady) this.#pending?.resolve("never started");
    else {
      this.#pending?.reject(
        new ImageError(
          "IO",
          `Cannot store layer: the worker failed, expected it to go on: ${message}`,
        ),
      );
    }
  }
}

function startWorker(): Worker | null {
  try {
    return new Worker(new URL("./import_worker.ts", import.meta.url), { type: "module" });
  } catch {
    return null; // Where there are no workers, this thread stores the layers.
  }
}

/** Stores a blob when all of it is there: this thread may be the one that brings it. */
async function storeDelivered(
  objects: ObjectStore,
  { layer: { name, delivery }, job }: LayerToStore & { readonly job: TarLayerJob },
  options: ImportLayerOptions,
): Promise<ImportedLayer> {
  await arrived(delivery, options.signal);
  try {
    return await storeBlob(objects, job, name, options);
  } catch (error) {
    if (delivery === undefined) throw error;
    return await explainDelivery(error, delivery, null);
  }
}

/** Resolves when all bytes are there; does not wait for the end of a download that is given up. */
async function arrived(delivery: BlobDelivery | undefined, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal!.reason);
  signal?.addEventListener("abort", abort);
  try {
    await Promise.race([delivery?.complete(), aborted.promise]);
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}
