/**
 * One blob on its way from a registry to the cache.
 *
 * @module
 */
import type { Hash } from "node:crypto";
import { ImageError } from "../../image_error.ts";
import { allocateArrival, ArrivalWriter } from "../../layer/blob_arrival.ts";
import type { BlobDelivery, BlobLocation } from "../../layer/layer.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { parseDigest } from "../../oci/digest.ts";
import type { BlobCache } from "../cache/blob_cache.ts";
import type { PartialBlob } from "../cache/partial_blob.ts";
import type { BlobReceiver } from "../registry/blob_receiver.ts";
import type { DownloadListener } from "./download_progress.ts";

/** Loads a blob into a receiver and verifies it. */
export type BlobLoader = (
  descriptor: Descriptor,
  into: BlobReceiver,
  signal: AbortSignal,
) => Promise<void>;

/** What all transfers of an image share. */
export interface TransferContext {
  /** Where blobs go. */
  readonly cache: BlobCache;
  /** Where they come from. */
  readonly load: BlobLoader;
  /** Hears how far they are. */
  readonly onProgress?: DownloadListener;
}

/** Milliseconds between two events of one blob. */
const EVENT_INTERVAL_MILLISECONDS = 100;

/** Brings one blob into the cache, and tells readers how much of it is there. */
export class BlobTransfer implements BlobDelivery {
  /** Where readers find the blob, now and later. */
  readonly location: BlobLocation;
  readonly #descriptor: Descriptor;
  readonly #context: TransferContext;
  readonly #start: () => void;
  readonly #partialPath: string;
  readonly #arrival: ArrivalWriter;
  readonly #end = Promise.withResolvers<void>();
  #eventMilliseconds = -Infinity;

  /** Prepares a transfer; `start` sees to it that `run` is called some time. */
  constructor(descriptor: Descriptor, context: TransferContext, start: () => void) {
    const { cache } = context;
    const counter = allocateArrival();
    this.#descriptor = descriptor;
    this.#context = context;
    this.#start = start;
    this.#partialPath = cache.partialPath(descriptor.digest);
    this.#arrival = new ArrivalWriter(counter);
    this.location = {
      kind: "file",
      path: cache.pathOf(parseDigest(descriptor.digest)),
      offset: 0,
      arriving: { partialPath: this.#partialPath, counter },
    };
    // Whoever waits for the end hears of a failure.
    this.#end.promise.catch(() => {});
  }

  /** See {@linkcode BlobDelivery.complete}. */
  complete(): Promise<void> {
    this.#start();
    return this.#end.promise;
  }

  /** See {@linkcode BlobDelivery.reject}. */
  reject(): void {
    this.#context.cache.remove(this.#descriptor.digest);
  }

  /** Brings the blob; answers the error for which it did not come, `null` when it is there. */
  async run(signal: AbortSignal): Promise<unknown> {
    try {
      signal.throwIfAborted();
      // Another process, or an equal layer of this image, may have been faster.
      if (this.#context.cache.hold(this.#descriptor) === null) await this.#load(signal);
      this.#arrival.complete();
      this.#tell(this.#descriptor.size, true);
      this.#end.resolve();
      return null;
    } catch (error) {
      this.fail(error);
      return error;
    }
  }

  /** The blob will not come. */
  fail(error: unknown): void {
    this.#end.reject(error);
    this.#arrival.fail();
  }

  async #load(signal: AbortSignal): Promise<void> {
    const { cache } = this.#context;
    const partial = cache.claimPartial(this.#descriptor, this.#partialPath);
    try {
      if (!await this.#resume(partial, signal)) await this.#loadFrom(partial, 0, undefined, signal);
      cache.commit(partial, this.#descriptor.digest);
    } catch (error) {
      if (isMismatch(error)) partial.discard();
      else partial.release();
      throw error;
    }
  }

  /**
   * Goes on behind what an earlier run kept. Readers see nothing of it before all was verified, so
   * that a damaged beginning costs a second download and no more. Answers whether it was done.
   */
  async #resume(partial: PartialBlob, signal: AbortSignal): Promise<boolean> {
    if (partial.keptBytes === 0) return false;
    try {
      await this.#loadFrom(partial, partial.keptBytes, await partial.hashKept(signal), signal);
      return true;
    } catch (error) {
      if (!isMismatch(error)) throw error;
      partial.restart();
      return false;
    }
  }

  async #loadFrom(
    partial: PartialBlob,
    start: number,
    hashed: Hash | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    this.#tell(start, false);
    const write = (bytes: Uint8Array, position: number) => {
      partial.write(bytes, position);
      const receivedBytes = position + bytes.length;
      if (start === 0) this.#arrival.advance(receivedBytes);
      this.#tell(receivedBytes, false);
    };
    await this.#context.load(this.#descriptor, { start, hashed, write }, signal);
  }

  #tell(receivedBytes: number, done: boolean): void {
    const { onProgress } = this.#context;
    if (onProgress === undefined) return;
    const now = performance.now();
    if (!done && now - this.#eventMilliseconds < EVENT_INTERVAL_MILLISECONDS) return;
    this.#eventMilliseconds = now;
    const { digest, size } = this.#descriptor;
    onProgress({ kind: "download", digest, size, receivedBytes, done });
  }
}

function isMismatch(error: unknown): boolean {
  return error instanceof ImageError && error.code === "DIGEST_MISMATCH";
}
