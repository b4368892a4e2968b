/**
 * Copies a container image from one repository to another, which may have another hash function.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { shortDigest } from "../../oci/digest.ts";
import type { ObjectId } from "../repository/object_id.ts";
import type { ObjectCounts } from "../repository/object_store.ts";
import type { RepositoryProgressListener } from "../repository/progress.ts";
import type { Repository } from "../repository/repository.ts";
import type { ContentType } from "../splitstream/splitstream_writer.ts";
import { openStream } from "./document_stream.ts";
import type { LayerToStore } from "./import_layer.ts";
import { importLayers } from "./import_layers.ts";
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
  /** Workers that copy layers; the number of processors where absent. */
  readonly workers?: number;
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
  const digests = image.config === null
    ? image.manifest.layers.map(({ digest }) => digest)
    : diffIdsOf(image);
  const layers = await copyLayers(from, to, image, digests, options);
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

/** Copies what `to` does not have; answers the objects of all streams by the layers' digests. */
async function copyLayers(
  from: Repository,
  to: Repository,
  { config }: OciImage,
  digests: readonly string[],
  options: CopyOciOptions,
): Promise<Map<string, ObjectId>> {
  const types: ContentType[] = config === null ? ["oci_blob", "ocilayer"] : ["ocilayer"];
  const present = to.objects.list();
  const layers = new Map<string, ObjectId>();
  const missing: LayerToStore[] = [];
  for (const [index, digest] of [...new Set(digests)].entries()) {
    const known = await knownLayer(to, digest, present, ...types);
    if (known === null) missing.push(await layerToCopy(from, index, digest, types, options));
    else {
      layers.set(digest, known.id);
      options.onProgress?.({ kind: "skipped", id: digest });
    }
  }
  const imported = await importLayers(to, missing, options);
  missing.forEach(({ diffId }, i) => layers.set(diffId, imported[i].id));
  // Streams refer to layers in the order of the image.
  return new Map(digests.map((digest) => [digest, layers.get(digest)!]));
}

async function layerToCopy(
  from: Repository,
  index: number,
  digest: string,
  types: readonly ContentType[],
  { byLink = false }: CopyOciOptions,
): Promise<LayerToStore> {
  const name = layerStream(digest);
  const stream = await openStream(from, name, ...types);
  if (stream === null) {
    throw new ImageError(
      "NOT_FOUND",
      `Cannot copy layer "${digest}": the repository does not have it, expected it`,
      { where: { source: from.path }, subject: "object" },
    );
  }
  const { algorithm } = from.metadata;
  const id = from.streams.objectOf(name)!;
  return {
    layer: { index, name: `${index} (${shortDigest(digest)})`, size: stream.sizeBytes },
    job: { kind: "copy", path: from.path, algorithm, id, byLink },
    diffId: digest,
  };
}

/** Whether an image was kept in its faithful form alone. */
function isAsIsOnly(variants: readonly string[]): boolean {
  return variants.length > 0 && variants.every((name) => name.endsWith(".as-is"));
}
