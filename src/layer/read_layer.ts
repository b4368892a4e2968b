/**
 * Reads one layer: blob, decompressor, tar reader, visitor.
 *
 * @module
 */
import type { NoticeListener } from "../notice.ts";
import { DeliveredChunks } from "./delivered_chunks.ts";
import type { Layer } from "./layer.ts";
import { InlineChunks, type LayerChunks } from "./layer_chunks.ts";
import type { LayerVisitor } from "./layer_entry.ts";
import { LayerReading, type LayerReadingOptions, type LayerSummary } from "./layer_reading.ts";
import type { WorkerPool } from "./worker/worker_pool.ts";

/** Options of {@linkcode readLayer}. */
export interface ReadLayerOptions extends LayerReadingOptions {
  /** Compares the uncompressed bytes with the `diffId` even where the blob has a digest. */
  readonly verifyDiffIds?: boolean;
  /** Where to decode; without it, the calling thread does. */
  readonly pool?: WorkerPool;
}

/**
 * Reads `layer` from its first byte to its last and calls `visitor` for its entries, in the order of
 * the tar. Memory does not depend on the size of the blob.
 *
 * Nothing the visitor saw may be trusted before the promise resolves: digests are compared at the end.
 *
 * Rejects with `ImageError` (`CORRUPT`, `DIGEST_MISMATCH`, `UNSAFE_PATH`, `LIMIT_EXCEEDED`,
 * `UNSUPPORTED`, `NOT_FOUND`, `PERMISSION`, `IO`) that names the layer, or with the reason of the
 * signal, or with whatever the visitor throws. The file is closed in every case.
 */
export async function readLayer(
  layer: Layer,
  visitor: LayerVisitor,
  options: ReadLayerOptions = {},
): Promise<LayerSummary> {
  const reading = openLayer(layer, visitor, options);
  try {
    await reading.advance(Infinity);
    return reading.summary!;
  } finally {
    reading.close();
  }
}

/** Begins to read `layer`; the reading must be closed. */
export function openLayer(
  layer: Layer,
  visitor: LayerVisitor,
  options: ReadLayerOptions = {},
): LayerReading {
  options.signal?.throwIfAborted();
  const onNotice: NoticeListener = (notice) =>
    options.onNotice?.({ ...notice, where: { layer: layer.name, ...notice.where } });
  const { pool, verifyDiffIds } = options;
  const decoded: LayerChunks = pool === undefined
    ? new InlineChunks(layer.job, { verifyDiffIds, onNotice })
    : pool.read(layer.job, { verifyDiffIds, onNotice });
  const chunks = layer.delivery === undefined
    ? decoded
    : new DeliveredChunks(decoded, layer.job, layer.delivery, options.signal);
  return new LayerReading(layer, chunks, visitor, { ...options, onNotice });
}
