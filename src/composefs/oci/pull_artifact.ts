/**
 * Pulls an artifact, which is no image of a container: its layers are kept as they are, and no EROFS
 * is made of them.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { BlobInput } from "../../layer/blob_input.ts";
import type { BlobDelivery, Layer } from "../../layer/layer.ts";
import { pause } from "../../layer/pause.ts";
import { quote } from "../../oci/quote.ts";
import type { Image } from "../../source/image.ts";
import type { ObjectId } from "../repository/object_id.ts";
import { ObjectListing } from "../repository/object_listing.ts";
import type { Repository } from "../repository/repository.ts";
import { BlobWriter } from "../splitstream/blob_writer.ts";
import { checkDigest } from "./document_stream.ts";
import { knownLayer } from "./known_layer.ts";
import type { PullOciOptions, PullOciReport } from "./pull.ts";
import { storeDocuments } from "./store_documents.ts";
import { layerStream } from "./stream_names.ts";

/** Bytes after which other work gets its turn. */
const TURN_SIZE = 4 * 1024 * 1024;

/** Stores an artifact under `tag`. Rejects like `pullOciImage`. */
export async function pullArtifact(
  repository: Repository,
  artifact: Image,
  tag: string | null,
  options: PullOciOptions,
): Promise<PullOciReport> {
  const { manifest, documents, reference } = artifact;
  if (options.isBootable || options.expectedDigest !== undefined) {
    throw new ImageError(
      "UNSUPPORTED",
      `Cannot make image of ${quote(reference)}: it is an artifact, expected an image of a ` +
        "container",
      { where: { source: reference } },
    );
  }
  const config = { bytes: documents!.config, digest: manifest!.config.digest };
  const document = { bytes: documents!.manifest!, digest: artifact.digest! };
  checkDigest(config.bytes, config.digest);
  checkDigest(document.bytes, document.digest);
  const layers = new Map<string, ObjectId>();
  let known = 0;
  const missing = new Map<string, Layer>();
  const present = new ObjectListing(repository.objects.directory);
  for (const [index, { digest }] of manifest!.layers.entries()) {
    const stored = await knownLayer(repository, digest, present, "oci_blob", "ocilayer");
    if (stored === null) missing.set(digest, artifact.layers[index]);
    else {
      known++;
      layers.set(digest, stored.id);
      options.onProgress?.({ kind: "skipped", id: digest });
    }
  }
  // All begin to come at once; a failure is told where it is waited for.
  for (const { delivery } of missing.values()) delivery?.complete().catch(() => {});
  for (const [digest, layer] of missing) {
    layers.set(digest, await storeBlob(repository, layer, digest, options));
  }
  repository.sync();
  for (const digest of missing.keys()) {
    repository.streams.put(layerStream(digest), layers.get(digest)!);
  }
  await storeDocuments(repository, { manifest: document, config, layers, tag }, new Map());
  return {
    manifestDigest: document.digest,
    configDigest: config.digest,
    tag,
    images: new Map(),
    layers: { count: manifest!.layers.length, known },
    objects: { ...repository.objects.counts },
  };
}

/** Stores one layer; answers the object of its stream, which has no name yet. */
async function storeBlob(
  repository: Repository,
  { job, delivery, name, size }: Layer,
  digest: string,
  { onProgress, signal }: PullOciOptions,
): Promise<ObjectId> {
  if (job.kind !== "tar") throw new TypeError(`Cannot store layer ${name}: it is no blob`);
  onProgress?.({ kind: "started", id: digest, total: size, unit: "bytes" });
  await arrived(delivery, signal);
  const writer = new BlobWriter(repository.objects);
  let input: BlobInput | null = null;
  try {
    input = new BlobInput(job);
    for (let next = TURN_SIZE; input.fill(); input.start = input.end) {
      writer.push(input.bytes.subarray(input.start, input.end));
      if (input.readBytes < next) continue;
      next += TURN_SIZE;
      await pause();
      signal?.throwIfAborted();
      onProgress?.({ kind: "progress", id: digest, done: input.readBytes });
    }
    input.finish();
    const { id } = await writer.end();
    onProgress?.({ kind: "done", id: digest, done: size });
    return id;
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    if (error.code === "DIGEST_MISMATCH") delivery?.reject();
    throw error.at({ layer: name });
  } finally {
    input?.close();
    writer.abort();
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
