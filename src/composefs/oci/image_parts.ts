/**
 * What of an opened image goes into a repository: its documents, and layers that are tars.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { digestOf } from "../../oci/digest.ts";
import { OCI_CONFIG, OCI_MANIFEST } from "../../oci/media_type.ts";
import { quote } from "../../oci/quote.ts";
import type { Image } from "../../source/image.ts";
import type { TarLayer } from "./import_layer.ts";

/** Media type of a layer without compression. */
const OCI_LAYER = "application/vnd.oci.image.layer.v1.tar";

/** The parts of an image. */
export interface PulledParts {
  /** Bytes of the configuration. */
  readonly config: Uint8Array;
  /** Digest of the configuration. */
  readonly configDigest: string;
  /** Layers, base first. */
  readonly layers: readonly TarLayer[];
  /**
   * Bytes of the manifest. One that the source does not have is made when the sizes of the layers
   * are known.
   */
  manifest(tarSizes: readonly number[]): Uint8Array;
}

/** Whether an image has parts: its documents are known, and its layers are tars with digests. */
export function hasParts({ documents, layers }: Image): boolean {
  return documents !== undefined &&
    layers.every(({ job }) => job.kind === "tar" && job.diffId !== null);
}

/**
 * The parts of an image. Throws `ImageError` `UNSUPPORTED` where it has no configuration, or layers
 * that are no tars with a digest.
 */
export function partsOf(image: Image): PulledParts {
  const { documents, config, reference } = image;
  if (documents === undefined || config === null) {
    throw new ImageError(
      "UNSUPPORTED",
      `Cannot pull ${
        quote(reference)
      }: its source has no configuration in its own bytes, expected ` +
        "an image of a registry, layout or archive",
      { where: { source: reference } },
    );
  }
  const { diffIds } = config;
  const layers = image.layers.map((layer, index): TarLayer => {
    const { job } = layer;
    const diffId = diffIds[index];
    if (job.kind === "tar" && diffId !== undefined) return { layer, job, diffId };
    throw new ImageError(
      "UNSUPPORTED",
      `Cannot pull ${quote(reference)}: layer ${quote(layer.name)} is ${
        job.kind === "tar" ? "without a digest of its tar" : "no tar but files"
      }, expected tars that the configuration lists`,
      { where: { source: reference, layer: layer.name } },
    );
  });
  if (layers.length !== diffIds.length) {
    throw new ImageError(
      "CORRUPT",
      `Cannot pull ${
        quote(reference)
      }: its configuration lists ${diffIds.length} layers, expected ` +
        `${layers.length}`,
    );
  }
  const configDigest = image.manifest?.config.digest ?? digestOf(documents.config);
  return {
    config: documents.config,
    configDigest,
    layers,
    manifest: (tarSizes) =>
      documents.manifest ?? makeManifest(documents.config, configDigest, diffIds, tarSizes),
  };
}

/** A manifest of layers without compression. */
function makeManifest(
  config: Uint8Array,
  configDigest: string,
  diffIds: readonly string[],
  tarSizes: readonly number[],
): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: OCI_CONFIG, digest: configDigest, size: config.length },
    layers: diffIds.map((digest, i) => ({ mediaType: OCI_LAYER, digest, size: tarSizes[i] })),
  }));
}
