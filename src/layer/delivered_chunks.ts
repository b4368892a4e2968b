/**
 * The pieces of a layer whose blob is being brought from somewhere.
 *
 * @module
 */
import { ImageError } from "../image_error.ts";
import { ArrivalReader } from "./blob_arrival.ts";
import type { BlobDelivery, TarLayerJob } from "./layer.ts";
import type { BlobSummary, LayerChunks } from "./layer_chunks.ts";

/** Has the blob brought while its pieces are read; what stops the delivery explains all that follows. */
export class DeliveredChunks implements LayerChunks {
  readonly #chunks: LayerChunks;
  readonly #delivery: BlobDelivery;
  readonly #arrival: ArrivalReader | null;
  readonly #signal: AbortSignal | undefined;

  /**
   * Begins the delivery of the blob of `job`, which `chunks` reads. `signal` ends waiting for
   * bytes, not the delivery.
   */
  constructor(chunks: LayerChunks, job: TarLayerJob, delivery: BlobDelivery, signal?: AbortSignal) {
    this.#chunks = chunks;
    this.#delivery = delivery;
    this.#signal = signal;
    this.#arrival = arrivalOf(job);
    // A failure is told by `next`.
    delivery.complete().catch(() => {});
  }

  /** See {@linkcode LayerChunks.readBytes}. */
  get readBytes(): number {
    return this.#chunks.readBytes;
  }

  /** See {@linkcode LayerChunks.summary}. */
  get summary(): BlobSummary | null {
    return this.#chunks.summary;
  }

  /** See {@linkcode LayerChunks.next}; rejects with the error of the delivery where that failed. */
  next(): Uint8Array | null | Promise<Uint8Array | null> {
    try {
      const chunk = this.#chunks.next();
      return chunk instanceof Promise ? this.#explained(chunk) : chunk;
    } catch (error) {
      return this.#explain(error);
    }
  }

  /** See {@linkcode LayerChunks.close}. */
  close(): void {
    this.#chunks.close();
  }

  async #explained(pending: Promise<Uint8Array | null>): Promise<Uint8Array | null> {
    const signal = this.#signal;
    if (signal === undefined) return await pending.catch((error) => this.#explain(error));
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const abort = () => aborted.reject(signal.reason);
    signal.addEventListener("abort", abort);
    try {
      return await Promise.race([pending.catch((error) => this.#explain(error)), aborted.promise]);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  #explain(error: unknown): Promise<never> {
    return explainDelivery(error, this.#delivery, this.#arrival);
  }
}

/**
 * Rejects with what stopped the delivery of a blob, or with `error`, which reading the blob gave.
 * Bytes that are wrong are not kept.
 */
export async function explainDelivery(
  error: unknown,
  delivery: BlobDelivery,
  arrival: ArrivalReader | null,
): Promise<never> {
  if (arrival?.isFailed) await delivery.complete();
  if (error instanceof ImageError && error.code === "DIGEST_MISMATCH") delivery.reject();
  throw error;
}

/** Watches how much of the blob of `job` is there; `null` where all of it is. */
export function arrivalOf({ location }: TarLayerJob): ArrivalReader | null {
  const arriving = location.kind === "file" ? location.arriving : undefined;
  return arriving === undefined ? null : new ArrivalReader(arriving.counter);
}
