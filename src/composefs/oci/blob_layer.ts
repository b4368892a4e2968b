/**
 * A layer of an artifact, which is stored as it is.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { BlobInput } from "../../layer/blob_input.ts";
import type { TarLayerJob } from "../../layer/layer.ts";
import { pause } from "../../layer/pause.ts";
import type { ObjectStore } from "../repository/object_store.ts";
import { BlobWriter } from "../splitstream/blob_writer.ts";
import type { ImportedLayer, ImportLayerOptions } from "./import_layer.ts";

/** Bytes after which other work gets its turn. */
const TURN_SIZE = 4 * 1024 * 1024;

/**
 * Stores the blob of `job`, whose bytes are there or make this thread wait. Answers the object of its
 * stream, without a name yet, once its digest was compared. `name` is that of the layer in messages.
 *
 * Rejects with `ImageError`, or the reason of the signal.
 */
export async function storeBlob(
  store: ObjectStore,
  job: TarLayerJob,
  name: string,
  { onProgress, signal }: ImportLayerOptions,
): Promise<ImportedLayer> {
  const writer = new BlobWriter(store);
  let input: BlobInput | null = null;
  try {
    input = new BlobInput(job);
    for (let next = TURN_SIZE; input.fill(); input.start = input.end) {
      writer.push(input.bytes.subarray(input.start, input.end));
      if (input.readBytes < next) continue;
      next += TURN_SIZE;
      await pause();
      signal?.throwIfAborted();
      onProgress?.(input.readBytes);
    }
    input.finish();
    const { readBytes } = input;
    return { id: (await writer.end()).id, sizeBytes: readBytes, readBytes };
  } catch (error) {
    throw error instanceof ImageError ? error.at({ layer: name }) : error;
  } finally {
    input?.close();
    writer.abort();
  }
}
