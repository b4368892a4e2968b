/**
 * Pulls an image into a repository: every layer as a stream, every content of a file once.
 *
 * @module
 */
import { digestOf } from "../../oci/digest.ts";
import type { Image } from "../../source/image.ts";
import type { ObjectId } from "../repository/object_id.ts";
import type { ObjectListing } from "../repository/object_listing.ts";
import type { ObjectCounts } from "../repository/object_store.ts";
import type { RepositoryProgressListener } from "../repository/progress.ts";
import type { Repository } from "../repository/repository.ts";
import type { LocalFetch } from "../splitstream/shared_bodies.ts";
import { partsOf, type PulledParts } from "./image_parts.ts";
import type { ImportedLayer, TarLayer } from "./import_layer.ts";
import { knownLayer } from "./known_layer.ts";
import { checkExpected, type ImageOptions, storeManifest } from "./store_manifest.ts";
import { tagRef } from "./stream_names.ts";

/** Options of {@linkcode pullOciImage}; what a stopped pull has stored stays for the next time. */
export interface PullOciOptions extends ImageOptions {
  /** The tag that it gets; the image's reference where absent, none where `null`. */
  readonly tag?: string | null;
  /** Workers that store layers; the number of processors where absent. */
  readonly workers?: number;
  /** How files of layers that an engine has unpacked become objects; `auto` where absent. */
  readonly localFetch?: LocalFetch;
  /** Hears what goes on. */
  readonly onProgress?: RepositoryProgressListener;
}

/** What was pulled. */
export interface PullOciReport {
  /** Digest of the manifest. */
  readonly manifestDigest: string;
  /** Digest of the configuration. */
  readonly configDigest: string;
  /** The tag that it got. */
  readonly tag: string | null;
  /** The images by the names of their variants, the default first. */
  readonly images: ReadonlyMap<string, ObjectId>;
  /** Layers, and how many of them the repository had before. */
  readonly layers: { readonly count: number; readonly known: number };
  /** Objects that were stored. */
  readonly objects: Readonly<ObjectCounts>;
}

/**
 * Stores an image, or an artifact, of which no EROFS is made. Nothing is stored under a digest before
 * the bytes were compared with it; a layer that the repository has is not read. What a stopped pull
 * has stored is found by the next one.
 *
 * Rejects with `ImageError` (`UNSUPPORTED` for an image without a configuration, layers that are no
 * tars, or one of which no image can be made; `DIGEST_MISMATCH`, also where no image has the expected
 * digest; `CORRUPT`…), or the reason of the signal.
 */
export async function pullOciImage(
  repository: Repository,
  image: Image,
  options: PullOciOptions = {},
): Promise<PullOciReport> {
  const tag = options.tag === undefined ? image.reference : options.tag;
  // What cannot be is found out before the work.
  if (tag !== null) tagRef(tag);
  if (image.isArtifact) {
    return await (await import("./pull_artifact.ts")).pullArtifact(repository, image, tag, options);
  }
  const parts = partsOf(image);
  if (options.expectedDigest !== undefined) checkExpected(repository, options.expectedDigest);
  const layers = await pullLayers(repository, parts, options);
  const manifest = parts.manifest(layers.tarSizes);
  const manifestDigest = image.manifest === undefined || image.digest === null
    ? digestOf(manifest)
    : image.digest;
  const document = { bytes: manifest, digest: manifestDigest };
  const config = { bytes: parts.config, digest: parts.configDigest };
  const images = await storeManifest(
    repository,
    {
      manifest: document,
      config,
      layers: layers.streams,
      diffIds: parts.layers.map(({ diffId }) => diffId),
      present: layers.present,
      tag,
    },
    options,
  );
  return {
    manifestDigest,
    configDigest: parts.configDigest,
    tag,
    images,
    layers: { count: parts.layers.length, known: layers.known },
    objects: { ...repository.objects.counts },
  };
}

/** What was stored of the layers. */
interface PulledLayers {
  /** The objects of their streams by diff id. */
  readonly streams: ReadonlyMap<string, ObjectId>;
  /** Bytes of their tars. */
  readonly tarSizes: readonly number[];
  /** How many were there. */
  readonly known: number;
  /** Lists the objects, where nothing was stored. */
  readonly present: ObjectListing | undefined;
}

async function pullLayers(
  repository: Repository,
  { layers }: PulledParts,
  options: PullOciOptions,
): Promise<PulledLayers> {
  const streams = new Map<string, ObjectId>();
  const sizes = new Map<string, number>();
  const missing: TarLayer[] = [];
  const present = repository.objects.list();
  for (const layer of layers) {
    const { diffId } = layer;
    if (streams.has(diffId) || missing.some((it) => it.diffId === diffId)) continue;
    const known = await knownLayer(repository, diffId, present, "ocilayer");
    if (known === null) {
      missing.push(layer);
      continue;
    }
    streams.set(diffId, known.id);
    sizes.set(diffId, known.sizeBytes);
    options.onProgress?.({ kind: "skipped", id: diffId });
  }
  const knownCount = layers.filter(({ diffId }) => streams.has(diffId)).length;
  const imported = missing.length === 0 ? [] : await storeLayers(repository, missing, options);
  missing.forEach(({ diffId }, i) => {
    streams.set(diffId, imported[i].id);
    sizes.set(diffId, imported[i].sizeBytes);
  });
  return {
    streams: new Map(layers.map(({ diffId }) => [diffId, streams.get(diffId)!])),
    tarSizes: layers.map(({ diffId }) => sizes.get(diffId)!),
    known: knownCount,
    present: missing.length === 0 ? present : undefined,
  };
}

/** Stores layers. What does it is loaded only now, as a repeated pull stores none. */
async function storeLayers(
  repository: Repository,
  layers: readonly TarLayer[],
  options: PullOciOptions,
): Promise<ImportedLayer[]> {
  return await (await import("./import_layers.ts")).importLayers(repository, layers, options);
}
