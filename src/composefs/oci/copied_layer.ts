/**
 * A layer of one repository for another, which may have another hash function.
 *
 * @module
 */
import type { VerityAlgorithm } from "../../fsverity/verity_algorithm.ts";
import { pause } from "../../layer/pause.ts";
import type { ObjectId } from "../repository/object_id.ts";
import type { ObjectStore } from "../repository/object_store.ts";
import { openObjects } from "../repository/open_objects.ts";
import { BlobWriter } from "../splitstream/blob_writer.ts";
import { LayerSplitter } from "../splitstream/layer_splitter.ts";
import { Splitstream } from "../splitstream/splitstream_reader.ts";
import type { ImportedLayer, ImportLayerOptions } from "./import_layer.ts";
import { readVerified } from "./verified_layer.ts";

/** What it takes to copy a layer: plain data, so that it can be sent to a worker. */
export interface CopyJob {
  /** It is in a repository. */
  readonly kind: "copy";
  /** Directory of that repository, which is locked meanwhile. */
  readonly path: string;
  /** Hash function of its objects. */
  readonly algorithm: VerityAlgorithm;
  /** The object of the layer's stream. */
  readonly id: ObjectId;
  /** Shares the files of objects by hard links, where both are on one file system. */
  readonly byLink: boolean;
}

/** Bytes after which other work gets its turn. */
const TURN_SIZE = 4 * 1024 * 1024;

/**
 * Stores the layer with the digest `digest`: its bytes are made again and compared on the way. Answers
 * the object of its stream, without a name yet. Rejects with `ImageError`, or the reason of the signal.
 */
export async function copyLayer(
  to: ObjectStore,
  { path, algorithm, id, byLink }: CopyJob,
  digest: string,
  { onProgress, signal }: ImportLayerOptions,
): Promise<ImportedLayer> {
  const from = openObjects(path, algorithm, false, null);
  const stream = await Splitstream.open(from, id);
  if (byLink) shareObjects(stream, from, to);
  const writer = stream.contentType === "oci_blob" ? new BlobWriter(to) : new LayerSplitter(to);
  let [readBytes, nextTurn] = [0, TURN_SIZE];
  try {
    await readVerified(stream, from, digest, async (bytes) => {
      await writer.push(bytes);
      readBytes += bytes.length;
      if (readBytes < nextTurn) return;
      nextTurn = readBytes + TURN_SIZE;
      await pause();
      signal?.throwIfAborted();
      onProgress?.(readBytes);
    });
    return { id: (await writer.end()).id, sizeBytes: stream.sizeBytes, readBytes };
  } finally {
    writer.abort();
  }
}

/** Gives the objects of a stream names in another repository; their bytes are compared there. */
function shareObjects(stream: Splitstream, from: ObjectStore, to: ObjectStore): void {
  if (from.algorithm !== to.algorithm) return;
  for (const id of stream.objects()) {
    const sizeBytes = from.sizeOf(id);
    if (sizeBytes === null || to.has(id, sizeBytes)) continue;
    to.putFile(from.pathOf(id), { byLink: true });
  }
}
