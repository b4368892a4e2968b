/**
 * Copies a container image from one repository to another, which may have another hash function.
 *
 * @module
 */
import { DigestCheck } from "../../layer/digest_check.ts";
import { ImageError } from "../../image_error.ts";
import type { ObjectId } from "../repository/object_id.ts";
import type { ObjectCounts } from "../repository/object_store.ts";
import type { RepositoryProgressListener } from "../repository/progress.ts";
import type { Repository } from "../repository/repository.ts";
import { LayerSplitter } from "../splitstream/layer_splitter.ts";
import { readWhole } from "../splitstream/layer_stream.ts";
import type { Splitstream } from "../splitstream/splitstream_reader.ts";
import { openStream } from "./document_stream.ts";
import { diffIdsOf, imagesOf, openOciImage } from "./oci_image.ts";
import { storeManifest } from "./store_manifest.ts";
import { layerStream } from "./stream_names.ts";

/** Options of {@linkcode copyOciImage}. */
export interface CopyOciOptions {
  /** The tag that it gets, `null` for none. */
  readonly tag: string | null;
  /** Shares the files of objects by hard links, where both repositories are on one file system. */
  readonly byLink?: boolean;
  /** Hears what goes on. */
  readonly onProgress?: RepositoryProgressListener;
  /** Stops the work with its reason. */
  readonly signal?: AbortSignal;
}

/** What was copied. */
export interface CopyOciReport {
  /** Digest of the manifest. */
  readonly manifestDigest: string;
  /** The images by the names of their variants. */
  readonly images: ReadonlyMap<string, ObjectId>;
  /** Objects that were stored. */
  readonly objects: Readonly<ObjectCounts>;
}

/**
 * Copies the image `name` of `from` into `to`: every tar is made again and compared with its digest
 * on the way. Rejects with `ImageError`, or the reason of the signal.
 */
export async function copyOciImage(
  from: Repository,
  to: Repository,
  name: string,
  options: CopyOciOptions,
): Promise<CopyOciReport> {
  const image = await openOciImage(from, name);
  const diffIds = diffIdsOf(image);
  const layers = new Map<string, ObjectId>();
  for (const diffId of diffIds) {
    options.signal?.throwIfAborted();
    const known = to.streams.objectOf(layerStream(diffId));
    if (known !== null && to.objects.sizeOf(known) !== null) {
      options.onProgress?.({ kind: "skipped", id: diffId });
      layers.set(diffId, known);
    } else if (!layers.has(diffId)) {
      layers.set(diffId, await copyLayer(from, to, diffId, options));
    }
  }
  const images = await storeManifest(to, {
    manifest: { bytes: image.manifestBytes, digest: image.manifestDigest },
    config: { bytes: image.configBytes, digest: image.manifest.config.digest },
    layers,
    diffIds,
    tag: options.tag,
  }, { isAsIs: isAsIsOnly([...imagesOf(image).keys()]), signal: options.signal });
  return { manifestDigest: image.manifestDigest, images, objects: { ...to.objects.counts } };
}

async function copyLayer(
  from: Repository,
  to: Repository,
  diffId: string,
  { byLink, onProgress, signal }: CopyOciOptions,
): Promise<ObjectId> {
  const stream = await openStream(from, layerStream(diffId), "ocilayer");
  if (stream === null) {
    throw new ImageError(
      "NOT_FOUND",
      `Cannot copy layer "${diffId}": the repository does not have it, expected it`,
      { where: { source: from.path } },
    );
  }
  if (byLink) shareObjects(stream, from, to);
  onProgress?.({ kind: "started", id: diffId, total: stream.sizeBytes, unit: "bytes" });
  const check = new DigestCheck(diffId, "layer");
  const splitter = new LayerSplitter(to.objects);
  try {
    await readWhole(stream, from.objects, (bytes) => {
      signal?.throwIfAborted();
      check.update(bytes);
      return splitter.push(bytes);
    });
    check.finish();
    const { id } = await splitter.end();
    to.sync();
    to.streams.put(layerStream(diffId), id);
    onProgress?.({ kind: "done", id: diffId, done: stream.sizeBytes });
    return id;
  } finally {
    splitter.abort();
  }
}

/** Gives the objects of a stream names in another repository; their bytes are compared there. */
function shareObjects(stream: Splitstream, from: Repository, to: Repository): void {
  if (from.objects.algorithm !== to.objects.algorithm) return;
  for (const id of stream.objects()) {
    const sizeBytes = from.objects.sizeOf(id);
    if (sizeBytes === null || to.objects.has(id, sizeBytes)) continue;
    to.objects.putFile(from.objects.pathOf(id), { byLink: true });
  }
}

/** Whether an image was kept in its faithful form alone. */
function isAsIsOnly(variants: readonly string[]): boolean {
  return variants.length > 0 && variants.every((name) => name.endsWith(".as-is"));
}
