/**
 * Copies a container image from one repository to another, which may have another hash function.
 *
 * @module
 */
import { DigestCheck } from "../../layer/digest_check.ts";
import { ImageError } from "../../image_error.ts";
import type { ObjectId } from "../repository/object_id.ts";
import { ObjectListing } from "../repository/object_listing.ts";
import type { ObjectCounts } from "../repository/object_store.ts";
import type { RepositoryProgressListener } from "../repository/progress.ts";
import type { Repository } from "../repository/repository.ts";
import { BlobWriter } from "../splitstream/blob_writer.ts";
import { LayerSplitter } from "../splitstream/layer_splitter.ts";
import { readWhole } from "../splitstream/layer_stream.ts";
import type { Splitstream } from "../splitstream/splitstream_reader.ts";
import type { ContentType } from "../splitstream/splitstream_writer.ts";
import { openStream } from "./document_stream.ts";
import { knownLayer } from "./known_layer.ts";
import { diffIdsOf, imagesOf, type OciImage, openOciImage } from "./oci_image.ts";
import { storeDocuments } from "./store_documents.ts";
import { type ManifestToStore, storeManifest } from "./store_manifest.ts";
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
 * Copies the image or artifact `name` of `from` into `to`: every layer is made again and compared
 * with its digest on the way. Rejects with `ImageError`, or the reason of the signal.
 */
export async function copyOciImage(
  from: Repository,
  to: Repository,
  name: string,
  options: CopyOciOptions,
): Promise<CopyOciReport> {
  const image = await openOciImage(from, name);
  const isArtifact = image.config === null;
  const types: ContentType[] = isArtifact ? ["oci_blob", "ocilayer"] : ["ocilayer"];
  const digests = isArtifact ? image.manifest.layers.map(({ digest }) => digest) : diffIdsOf(image);
  const layers = new Map<string, ObjectId>();
  const present = new ObjectListing(to.objects.directory);
  for (const digest of digests) {
    options.signal?.throwIfAborted();
    if (layers.has(digest)) continue;
    const known = await knownLayer(to, digest, present, ...types);
    if (known !== null) options.onProgress?.({ kind: "skipped", id: digest });
    layers.set(digest, known?.id ?? await copyLayer(from, to, digest, types, options));
  }
  const images = await storeCopied(to, image, {
    manifest: { bytes: image.manifestBytes, digest: image.manifestDigest },
    config: { bytes: image.configBytes, digest: image.manifest.config.digest },
    layers,
    diffIds: digests,
    tag: options.tag,
  }, options);
  return { manifestDigest: image.manifestDigest, images, objects: { ...to.objects.counts } };
}

/** Stores the documents, and makes the images of a container's. */
async function storeCopied(
  to: Repository,
  image: OciImage,
  copied: ManifestToStore,
  { signal }: CopyOciOptions,
): Promise<Map<string, ObjectId>> {
  if (image.config !== null) {
    const isAsIs = isAsIsOnly([...imagesOf(image).keys()]);
    return await storeManifest(to, copied, { isAsIs, signal });
  }
  const none = new Map<string, ObjectId>();
  await storeDocuments(to, copied, none);
  return none;
}

async function copyLayer(
  from: Repository,
  to: Repository,
  digest: string,
  types: readonly ContentType[],
  { byLink, onProgress, signal }: CopyOciOptions,
): Promise<ObjectId> {
  const stream = await openStream(from, layerStream(digest), ...types);
  if (stream === null) {
    throw new ImageError(
      "NOT_FOUND",
      `Cannot copy layer "${digest}": the repository does not have it, expected it`,
      { where: { source: from.path } },
    );
  }
  if (byLink) shareObjects(stream, from, to);
  onProgress?.({ kind: "started", id: digest, total: stream.sizeBytes, unit: "bytes" });
  const check = new DigestCheck(digest, "layer");
  const writer = stream.contentType === "oci_blob"
    ? new BlobWriter(to.objects)
    : new LayerSplitter(to.objects);
  try {
    await readWhole(stream, from.objects, (bytes) => {
      signal?.throwIfAborted();
      check.update(bytes);
      return writer.push(bytes);
    });
    check.finish();
    const { id } = await writer.end();
    to.sync();
    to.streams.put(layerStream(digest), id);
    onProgress?.({ kind: "done", id: digest, done: stream.sizeBytes });
    return id;
  } finally {
    writer.abort();
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
