/**
 * Reads one layer of any kind: a tar (blob, decompressor, tar reader), a directory, a list of files,
 * or a tree.
 *
 * @module
 */
import type { NoticeListener } from "../notice.ts";
import { DeliveredChunks } from "./delivered_chunks.ts";
import { DirectorySteps } from "./directory/directory_steps.ts";
import { FilesSteps } from "./files/files_steps.ts";
import type { Layer, LayerJob, TarLayerJob } from "./layer.ts";
import { InlineChunks, type LayerChunks } from "./layer_chunks.ts";
import type { LayerVisitor } from "./layer_entry.ts";
import type { LayerReading, LayerReadingOptions, LayerSummary } from "./layer_reading.ts";
import { StepReading, type StepSource } from "./step_reading.ts";
import { TarReading } from "./tar_reading.ts";
import type { BodyTaker } from "./tar_split/tar_assembler.ts";
import { TreeSteps } from "./tree/tree_steps.ts";
import type { WorkerPool } from "./worker/worker_pool.ts";

/** Bytes of a layer that may wait until whoever takes them has taken them. */
const DRAINED_SIZE = 256 * 1024;

/** Options of {@linkcode readLayer}. */
export interface ReadLayerOptions extends LayerReadingOptions {
  /** Compares the uncompressed bytes with the `diffId` even where the blob has a digest. */
  readonly verifyDiffIds?: boolean;
  /** Hears of the files of an unpacked layer; not with a pool. */
  readonly bodies?: BodyTaker;
  /** Awaited now and then: whoever takes the bytes of files may hold up the reading. */
  readonly drain?: () => Promise<void>;
  /** Where to decode; without it, the calling thread does. */
  readonly pool?: WorkerPool;
}

/**
 * Reads `layer` from its first byte to its last and calls `visitor` for its entries, in the order of
 * the tar, or of the names of a directory or tree. Memory does not depend on the bytes in it.
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
    const { drain } = options;
    if (drain === undefined) await reading.advance(Infinity);
    else while (!await reading.advance(DRAINED_SIZE, true)) await drain();
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
  const { job } = layer;
  const heard = { ...options, onNotice };
  return job.kind === "tar"
    ? new TarReading(layer, job, openLayerChunks(layer, job, heard), visitor, heard)
    : new StepReading(layer, stepsOf(job, onNotice), visitor, heard);
}

function stepsOf(job: Exclude<LayerJob, TarLayerJob>, onNotice: NoticeListener): StepSource {
  switch (job.kind) {
    case "directory":
      return new DirectorySteps(job, onNotice);
    case "files":
      return new FilesSteps(job, onNotice);
    case "tree":
      return new TreeSteps(job);
  }
}

/** Begins to read the tar of `layer`, whose job is `job`; the chunks must be closed. */
export function openLayerChunks(
  layer: Layer,
  job: TarLayerJob,
  options: ReadLayerOptions = {},
): LayerChunks {
  const { pool, verifyDiffIds, bodies, onNotice, signal } = options;
  const decoded = pool === undefined
    ? new InlineChunks(job, { verifyDiffIds, bodies, onNotice })
    : pool.read(job, { verifyDiffIds, onNotice });
  return layer.delivery === undefined
    ? decoded
    : new DeliveredChunks(decoded, job, layer.delivery, signal);
}
