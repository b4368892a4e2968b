/**
 * The layers of an image, from its manifest and configuration.
 *
 * @module
 */
import { ImageError } from "../image_error.ts";
import type { BlobDelivery, BlobLocation, Compression, Layer } from "../layer/layer.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { parseDigest, shortDigest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import { layerMediaType } from "../oci/media_type.ts";
import { quote } from "../oci/quote.ts";
import type { ParsedConfig } from "../oci/config.ts";
import type { BlobStore } from "./blob_store.ts";

/** Most layers of an image; overlay mounts end at 500, builders at 127. */
const MOST_LAYERS = 10_000;

/** Finds every layer of a manifest, base first. */
export async function manifestLayers(
  manifest: Manifest,
  parsed: ParsedConfig,
  blobs: BlobStore,
): Promise<Layer[]> {
  const descriptors = manifest.layers;
  const digest = manifest.config.digest;
  // Without any list of layers in the configuration the blob digests alone protect the bytes.
  const diffIds = parsed.hasRootfs ? checkDiffIds(parsed, descriptors.length, digest) : null;
  const layers: Layer[] = [];
  for (let index = 0; index < descriptors.length; index++) {
    const descriptor = descriptors[index];
    parseDigest(descriptor.digest);
    const name = layerName(index, descriptor.digest);
    try {
      const type = layerMediaType(descriptor.mediaType);
      if (type === null) throw unknownType(descriptor);
      layers.push(createLayer(index, {
        location: await locateLayer(descriptor, type.foreign, blobs),
        size: descriptor.size,
        declaredCompression: type.compression,
        digest: descriptor.digest,
        diffId: diffIds?.[index] ?? null,
      }, blobs.delivery?.(descriptor)));
    } catch (error) {
      throw error instanceof ImageError ? error.at({ layer: name }) : error;
    }
  }
  return layers;
}

/** Finds every blob of an artifact, whatever it is. */
export async function artifactLayers(manifest: Manifest, blobs: BlobStore): Promise<Layer[]> {
  checkLayerCount(manifest.layers.length, manifest.config.digest);
  const layers: Layer[] = [];
  for (const [index, descriptor] of manifest.layers.entries()) {
    const { digest, size } = descriptor;
    try {
      const location = await blobs.locate(descriptor);
      const blob = { location, size, declaredCompression: null, digest, diffId: null };
      layers.push(createLayer(index, blob, blobs.delivery?.(descriptor)));
    } catch (error) {
      throw error instanceof ImageError ? error.at({ layer: layerName(index, digest) }) : error;
    }
  }
  return layers;
}

/** What is known of a layer's blob. */
export interface LayerBlob {
  /** Where its bytes are. */
  readonly location: BlobLocation;
  /** Bytes as stored. */
  readonly size: number;
  /** What a media type says, `null` where there is none. */
  readonly declaredCompression: Compression | null;
  /** Digest as stored, `null` where it is not known. */
  readonly digest: string | null;
  /** Digest of the uncompressed tar, `null` where it is not known. */
  readonly diffId: string | null;
}

/** One layer, ready to be read. One of its two digests is known. */
export function createLayer(index: number, blob: LayerBlob, delivery?: BlobDelivery): Layer {
  return {
    index,
    name: layerName(index, blob.digest ?? blob.diffId ?? ""),
    size: blob.size,
    job: { kind: "tar", ...blob },
    ...(delivery === undefined ? {} : { delivery }),
  };
}

/** The name by which messages speak of a layer. */
export function layerName(index: number, digest: string): string {
  return `${index} (${shortDigest(digest)})`;
}

/**
 * The digests of the uncompressed layers, once it is certain that there is one for each layer.
 *
 * Throws `ImageError` `CORRUPT` when the numbers differ or a digest is malformed.
 */
export function checkDiffIds(
  parsed: ParsedConfig,
  layerCount: number,
  configName: string,
): readonly string[] {
  const { diffIds } = parsed.config;
  checkLayerCount(layerCount, configName);
  if (diffIds.length !== layerCount) {
    throw new ImageError(
      "CORRUPT",
      `Cannot read image configuration ${quote(configName)}: rootfs.diff_ids has ` +
        `${diffIds.length} digests, expected ${layerCount}, one for each layer`,
    );
  }
  diffIds.forEach(parseDigest);
  return diffIds;
}

function checkLayerCount(layerCount: number, configName: string): void {
  if (layerCount <= MOST_LAYERS) return;
  throw new ImageError(
    "LIMIT_EXCEEDED",
    `Cannot read image configuration ${quote(configName)}: the image has ${layerCount} layers, ` +
      `expected at most ${MOST_LAYERS}`,
  );
}

async function locateLayer(
  descriptor: Descriptor,
  foreign: boolean,
  blobs: BlobStore,
): Promise<BlobLocation> {
  try {
    return await blobs.locate(descriptor);
  } catch (cause) {
    if (!foreign || !(cause instanceof ImageError) || cause.code !== "NOT_FOUND") throw cause;
    const place = descriptor.urls.length > 0 ? `, kept at ${quote(descriptor.urls[0])}` : "";
    throw new ImageError(
      "NOT_FOUND",
      `Cannot find layer "${descriptor.digest}": it is a non-distributable layer${place}, ` +
        "expected its blob inside the image",
      { cause },
    );
  }
}

function unknownType(descriptor: Descriptor): ImageError {
  return new ImageError(
    "UNSUPPORTED",
    `Cannot read layer "${descriptor.digest}": its media type is ${quote(descriptor.mediaType)}, ` +
      "expected a tar layer of OCI or Docker, plain or with gzip or zstd",
  );
}
