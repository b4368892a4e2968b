/**
 * An image of a container engine, which keeps layers unpacked.
 *
 * @module
 */
import { dirname } from "node:path";
import type { Layer } from "../layer/layer.ts";
import type { ParsedConfig } from "../oci/config.ts";
import type { Manifest } from "../oci/manifest.ts";
import { quote } from "../oci/quote.ts";
import type { DirectoryOptions } from "./directory_options.ts";
import type { StoredFile } from "./file_store.ts";
import type { Image, ImageDocuments } from "./image.ts";
import { layerName } from "./image_layers.ts";
import type { ImageRequest } from "./open_options.ts";
import { expectPlainOwners } from "./plain_owners.ts";
import { directoryLayer } from "./root_directory.ts";

/** What describes a stored image. */
export interface StoredDescription {
  /** Digest of its manifest or of its configuration. */
  readonly digest: string;
  /** Its configuration. */
  readonly parsed: ParsedConfig;
  /** Its manifest, where the store has it. */
  readonly manifest?: Manifest;
  /** Both as they were read. */
  readonly documents: ImageDocuments;
}

/** A layer in a store. */
export interface StoredLayer {
  /** Digest of its tar. */
  readonly diffId: string;
  /** The directory with its files. */
  readonly directory: string;
  /** What the engine keeps of its tar (tar-split); `null` where it keeps nothing. */
  readonly record: StoredFile | null;
  /** Bytes of its tar, as far as the store says; else `null`. */
  readonly size: number | null;
}

/**
 * The image of `layers`, base first: each is put together again as the tar that it was. Where the
 * engine does not keep what that takes of all of them, their overlay is the only layer, as a container
 * sees it; a notice says so.
 *
 * Throws `ImageError` `UNSUPPORTED` where then the owners of files are not those of the image.
 */
export function storedImage(
  request: ImageRequest,
  { digest, parsed, manifest, documents }: StoredDescription,
  layers: readonly StoredLayer[],
  options: DirectoryOptions,
): Image {
  const tars = layers.map(tarLayer).filter((layer) => layer !== null);
  return {
    reference: request.reference,
    digest,
    config: parsed.config,
    platform: parsed.platform,
    layers: tars.length === layers.length ? tars : [overlayLayer(layers, request, options)],
    ...(manifest === undefined ? {} : { manifest }),
    documents,
    annotations: manifest?.annotations ?? {},
    notices: request.notices,
    close: () => Promise.resolve(),
  };
}

/** The layer as the tar that it was; `null` where nobody knows that. */
function tarLayer({ diffId, directory, record, size }: StoredLayer, index: number): Layer | null {
  if (record === null) return null;
  const tarSize = size ?? record.size;
  return {
    index,
    name: layerName(index, diffId),
    size: tarSize,
    job: {
      kind: "tar",
      location: record.location,
      size: record.size,
      declaredCompression: null,
      digest: null,
      diffId,
      unpacked: { directory, size: tarSize },
    },
  };
}

/** All directories are one layer, since a file of one may lead to a file of another. */
function overlayLayer(
  layers: readonly StoredLayer[],
  request: ImageRequest,
  options: DirectoryOptions,
): Layer {
  const places = layers.map(({ directory }) => dirname(dirname(directory)));
  for (const place of new Set(places)) expectPlainOwners(place);
  const unknown = layers.find(({ record }) => record === null)!;
  request.notice({
    code: "NOT_VERIFIED",
    message: `Of the tar of layer ${unknown.diffId} nothing is kept beside ` +
      `${quote(unknown.directory)}: all layers are read as a container sees them, and compared ` +
      "with no digest",
  });
  return directoryLayer(layers.map(({ directory }) => directory).reverse(), "overlay", options);
}
