/**
 * An image whose manifest has been chosen.
 *
 * @module
 */
import { ImageError } from "../image_error.ts";
import { parseConfig } from "../oci/config.ts";
import { isImageManifest, parseManifest } from "../oci/manifest.ts";
import { quote } from "../oci/quote.ts";
import type { BlobStore } from "./blob_store.ts";
import type { Image } from "./image.ts";
import type { Candidate } from "./image_candidates.ts";
import { artifactLayers, manifestLayers } from "./image_layers.ts";
import type { ImageRequest } from "./open_options.ts";

/** Everything of an image but how to close it. */
export type ImageParts = Omit<Image, "close">;

/** Reads manifest and configuration and finds the layers. */
export async function openManifest(
  chosen: Candidate,
  blobs: BlobStore,
  request: ImageRequest,
): Promise<ImageParts> {
  const { descriptor } = chosen;
  const bytes = await blobs.readDocument(descriptor);
  const manifest = parseManifest(bytes, descriptor.digest, descriptor.mediaType);
  const isArtifact = !isImageManifest(manifest);
  if (isArtifact && !request.withArtifacts) {
    throw new ImageError(
      "UNSUPPORTED",
      `Cannot open ${quote(descriptor.digest)}: its configuration is of type ` +
        `${quote(manifest.config.mediaType)}, expected an image`,
    );
  }
  const configBytes = await blobs.readDocument(manifest.config);
  request.checkCancelled();
  const common = {
    reference: request.reference,
    digest: descriptor.digest,
    manifest,
    documents: { manifest: bytes, config: configBytes },
    annotations: manifest.annotations,
    notices: request.notices,
  };
  if (isArtifact) {
    const layers = await artifactLayers(manifest, blobs);
    return { ...common, isArtifact, config: null, platform: null, layers };
  }
  const parsed = parseConfig(configBytes, manifest.config.digest);
  return {
    ...common,
    config: parsed.config,
    platform: chosen.platform ?? parsed.platform,
    layers: await manifestLayers(manifest, parsed, blobs),
  };
}
