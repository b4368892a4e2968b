/**
 * Stores the layers of an image that a repository does not have, several at a time.
 *
 * @module
 */
import type { Notice, NoticeListener } from "../../notice.ts";
import type { ObjectId } from "../repository/object_id.ts";
import type { RepositoryProgressListener } from "../repository/progress.ts";
import type { Repository } from "../repository/repository.ts";
import type { LocalFetch } from "../splitstream/shared_bodies.ts";
import { type ImportedLayer, type LayerToStore, nameLayers } from "./import_layer.ts";
import { InlineImporter, type LayerImporter, WorkerImporter } from "./layer_importer.ts";

/** Options of {@linkcode importLayers}. */
export interface ImportLayersOptions {
  /** Threads that store layers beside this one; the number of processors where absent. */
  readonly workers?: number;
  /** How files of unpacked layers become objects; `auto` where absent. */
  readonly localFetch?: LocalFetch;
  /** Hears remarks, in the order of the layers. */
  readonly onNotice?: NoticeListener;
  /** Hears what goes on. */
  readonly onProgress?: RepositoryProgressListener;
  /** Stops the work with its reason. */
  readonly signal?: AbortSignal;
}

/** Bytes of new objects after which the layers that are complete get their names. */
const SYNC_BYTES = 256 * 1024 * 1024;
/** Stored bytes from which on it is worth to start a worker. */
const WORTH_A_WORKER = 256 * 1024;
/** Layers that are brought from elsewhere while those before them are read. */
const AHEAD_COUNT = 2;

/**
 * Stores `layers` and names their streams. What is complete stays, also where the rest fails.
 *
 * Rejects with the `ImageError` of the first layer that fails, or the reason of the signal.
 */
export async function importLayers(
  repository: Repository,
  layers: readonly LayerToStore[],
  options: ImportLayersOptions,
): Promise<ImportedLayer[]> {
  if (layers.length === 0) return [];
  const work = new LayerWork(repository, layers, options);
  const { signal } = options;
  signal?.throwIfAborted();
  const stop = () => work.stop();
  signal?.addEventListener("abort", stop);
  try {
    return await work.run();
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

class LayerWork {
  readonly #repository: Repository;
  readonly #layers: readonly LayerToStore[];
  readonly #options: ImportLayersOptions;
  readonly #importers: LayerImporter[];
  readonly #stored: ImportedLayer[] = [];
  readonly #notices: Notice[][] = [];
  readonly #errors: { readonly index: number; readonly error: unknown }[] = [];
  #next = 0;
  #isStopped = false;
  #unnamed = new Map<string, ObjectId>();
  #namedBytes: number;

  constructor(
    repository: Repository,
    layers: readonly LayerToStore[],
    options: ImportLayersOptions,
  ) {
    this.#repository = repository;
    this.#layers = layers;
    this.#options = options;
    this.#namedBytes = repository.objects.counts.newBytes;
    const storedBytes = layers.reduce((sum, { layer }) => sum + layer.size, 0);
    const isWorth = storedBytes >= WORTH_A_WORKER;
    const count = Math.min(
      options.workers ?? (isWorth ? navigator.hardwareConcurrency : 0),
      layers.length,
    );
    this.#importers = count === 0
      ? [new InlineImporter(repository)]
      : Array.from({ length: count }, () => new WorkerImporter(repository));
  }

  stop(): void {
    this.#isStopped = true;
    for (const importer of this.#importers) importer.stop();
  }

  async run(): Promise<ImportedLayer[]> {
    try {
      await Promise.all(this.#importers.map((importer) => this.#runWith(importer)));
    } finally {
      for (const importer of this.#importers) importer.close();
      this.#nameAll();
    }
    this.#options.signal?.throwIfAborted();
    for (const notice of this.#notices.flat()) this.#options.onNotice?.(notice);
    if (this.#errors.length === 0) return this.#stored;
    throw this.#errors.reduce((a, b) => b.index < a.index ? b : a).error;
  }

  /** Stores layers one after the other, until there are none left. */
  async #runWith(importer: LayerImporter): Promise<void> {
    while (!this.#isStopped && this.#next < this.#layers.length) {
      const index = this.#next++;
      try {
        await this.#store(importer, index);
      } catch (error) {
        // What is stopped because of an error has one as well, which tells nothing.
        if (!this.#isStopped) this.#errors.push({ index, error });
        this.stop();
      }
    }
  }

  async #store(importer: LayerImporter, index: number): Promise<void> {
    const { localFetch, onProgress, signal } = this.#options;
    for (const { layer } of this.#layers.slice(index, index + 1 + AHEAD_COUNT)) {
      layer.delivery?.complete().catch(() => {});
    }
    const layer = this.#layers[index];
    const { diffId } = layer;
    const total = layer.layer.size === 0 ? null : layer.layer.size;
    onProgress?.({ kind: "started", id: diffId, total, unit: "bytes" });
    const notices: Notice[] = this.#notices[index] = [];
    const stored = await importer.store(layer, {
      localFetch,
      signal,
      onNotice: (notice) => notices.push(notice),
      onProgress: (done) => onProgress?.({ kind: "progress", id: diffId, done }),
    });
    this.#stored[index] = stored;
    this.#unnamed.set(diffId, stored.id);
    const { newBytes } = this.#repository.objects.counts;
    // Every sync waits for the disk, so there is one for several layers.
    if (newBytes - this.#namedBytes > SYNC_BYTES) {
      this.#nameAll();
      this.#namedBytes = newBytes;
    }
    onProgress?.({ kind: "done", id: diffId, done: stored.readBytes });
  }

  #nameAll(): void {
    nameLayers(this.#repository, this.#unnamed);
    this.#unnamed = new Map();
  }
}
