/**
 * Workers that decode layers beside the main thread.
 *
 * @module
 */
import type { LayerBytesOptions } from "../layer_bytes.ts";
import { type BlobSummary, CHUNK_SIZE, InlineChunks, type LayerChunks } from "../layer_chunks.ts";
import type { TarLayerJob } from "../layer.ts";
import { allocateRing, RingReader } from "./chunk_ring.ts";
import { ImageError } from "../../image_error.ts";
import type { NoticeListener } from "../../notice.ts";
import { type ReadRequest, receivedError, type WorkerAnswer } from "./messages.ts";

/** A fixed number of workers. They start with the pool and end with `close`. */
export class WorkerPool {
  readonly #workers: LayerWorker[];
  readonly #slotCount: number;
  // Rings of layers that are complete: the garbage collector would be too slow to free them.
  readonly #idleRings: SharedArrayBuffer[] = [];

  /**
   * Starts `workerCount` (at least 1) workers; each layer gets a ring of about `ringBytes`. `start`
   * answers a worker, or `null` where there can be none and this thread decodes.
   */
  constructor(workerCount: number, ringBytes: number, start: () => Worker | null = startWorker) {
    this.#workers = Array.from({ length: workerCount }, () => new LayerWorker(start()));
    this.#slotCount = Math.max(2, Math.floor(ringBytes / CHUNK_SIZE));
  }

  /** Begins to decode a layer, by the worker that has the least to do. */
  read(job: TarLayerJob, options: LayerBytesOptions): LayerChunks {
    const worker = this.#workers.reduce((a, b) => b.pendingBytes < a.pendingBytes ? b : a);
    const ring = this.#idleRings.pop() ?? allocateRing(this.#slotCount);
    return worker.read(job, options, ring, () => this.#idleRings.push(ring));
  }

  /** Ends all workers, whatever they do. */
  close(): void {
    for (const worker of this.#workers) worker.close();
  }
}

/** One worker and the layers it decodes. */
class LayerWorker {
  readonly #worker: Worker | null;
  readonly #active = new Map<number, WorkerChunks>();
  #nextId = 0;
  #isReady = false;

  constructor(worker: Worker | null) {
    this.#worker = worker;
    if (worker === null) return;
    worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => this.#hear(data);
    worker.onerror = (event) => {
      // Without this the error would end the whole program.
      event.preventDefault();
      this.#fail(event.message);
    };
  }

  /** Stored bytes of its layers that are still to be read. */
  get pendingBytes(): number {
    let sum = 0;
    for (const chunks of this.#active.values()) sum += chunks.pendingBytes;
    return sum;
  }

  read(
    job: TarLayerJob,
    options: LayerBytesOptions,
    ring: SharedArrayBuffer,
    onIdle: () => void,
  ): LayerChunks {
    if (this.#worker === null) return new InlineChunks(job, options);
    const id = this.#nextId++;
    const chunks = new WorkerChunks(job, options, ring, onIdle);
    this.#active.set(id, chunks);
    const verifyDiffIds = options.verifyDiffIds ?? false;
    this.#worker.postMessage({ id, job, verifyDiffIds, ring } satisfies ReadRequest);
    return chunks;
  }

  close(): void {
    this.#worker?.terminate();
    this.#active.clear();
  }

  #hear(answer: WorkerAnswer): void {
    if (answer.kind === "ready") {
      this.#isReady = true;
      return;
    }
    const chunks = this.#active.get(answer.id);
    if (answer.kind === "notice") chunks?.hearNotice(answer.notice);
    else {
      this.#active.delete(answer.id);
      chunks?.hearEnd(answer.kind === "end" ? answer.summary : receivedError(answer.error));
    }
  }

  #fail(message: string): void {
    const failure = this.#isReady
      ? new ImageError(
        "IO",
        `Cannot decode layer: the worker failed, expected it to go on: ${message}`,
      )
      : "never started";
    for (const chunks of this.#active.values()) chunks.hearEnd(failure);
    this.#active.clear();
  }
}

function startWorker(): Worker | null {
  try {
    return new Worker(new URL("./layer_worker.ts", import.meta.url), { type: "module" });
  } catch {
    return null; // Where there are no workers, the main thread decodes.
  }
}

/** The pieces of a layer that a worker decodes. */
class WorkerChunks implements LayerChunks {
  readonly #job: TarLayerJob;
  readonly #options: LayerBytesOptions;
  readonly #ring: RingReader;
  readonly #end: PromiseWithResolvers<BlobSummary | Error | "never started"> = Promise
    .withResolvers();
  #inline: InlineChunks | null = null;
  #summary: BlobSummary | null = null;
  #onIdle: (() => void) | null;

  /** `onIdle` is called once when the ring is needed no more by either side. */
  constructor(
    job: TarLayerJob,
    options: LayerBytesOptions,
    ring: SharedArrayBuffer,
    onIdle: () => void,
  ) {
    this.#job = job;
    this.#options = options;
    this.#ring = new RingReader(ring);
    this.#onIdle = onIdle;
  }

  get readBytes(): number {
    if (this.#inline !== null) return this.#inline.readBytes;
    if (this.#summary === null) return this.#ring.readBytes;
    return this.#job.unpacked === undefined ? this.#job.size : this.#summary.uncompressedSize;
  }

  /** Never 0: who says how large an unpacked tar is may be wrong, and the layer is not done. */
  get pendingBytes(): number {
    return Math.max(1, (this.#job.unpacked?.size ?? this.#job.size) - this.readBytes);
  }

  get summary(): BlobSummary | null {
    return this.#inline === null ? this.#summary : this.#inline.summary;
  }

  next(): Uint8Array | null | Promise<Uint8Array | null> {
    if (this.#inline !== null) return this.#inline.next();
    const chunk = this.#ring.next();
    return chunk instanceof Promise ? this.#nextOrEnd(chunk) : chunk;
  }

  close(): void {
    this.#inline?.close();
    if (this.#summary === null) return; // The worker may still write to it.
    this.#onIdle?.();
    this.#onIdle = null;
  }

  readonly hearNotice: NoticeListener = (notice) => this.#options.onNotice?.(notice);

  hearEnd(end: BlobSummary | Error | "never started"): void {
    this.#end.resolve(end);
    this.#ring.abandon();
  }

  async #nextOrEnd(pending: Promise<Uint8Array | null>): Promise<Uint8Array | null> {
    const chunk = await pending;
    if (chunk !== null) return chunk;
    const end = await this.#end.promise;
    if (end === "never started") {
      this.#inline = new InlineChunks(this.#job, this.#options);
      return await this.#inline.next();
    }
    if (end instanceof Error) throw end;
    this.#summary = end;
    return null;
  }
}
