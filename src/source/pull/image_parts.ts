/**
 * Everything that an image, or an index of images, is made of.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { parseIndex } from "../../oci/index.ts";
import { parseManifest } from "../../oci/manifest.ts";
import { isIndexMediaType, isManifestMediaType } from "../../oci/media_type.ts";
import { quote } from "../../oci/quote.ts";
import type { BlobStore } from "../blob_store.ts";

/** Deepest nesting of indexes. */
const DEEPEST_INDEX = 8;
/** Most manifests and blobs together. */
const MOST_PARTS = 100_000;

/** The parts of an image; each digest is there once. */
export interface ImageBlobs {
  /** Manifests and indexes, the outermost last. */
  readonly documents: readonly Descriptor[];
  /** Configurations and layers. */
  readonly blobs: readonly Descriptor[];
}

/**
 * Finds all parts at and below `root`.
 *
 * Throws what reading documents throws; `ImageError` `LIMIT_EXCEEDED` for what is too deep or too
 * much, `UNSUPPORTED` for an entry that is neither manifest nor index.
 */
export async function collectParts(root: Descriptor, store: BlobStore): Promise<ImageBlobs> {
  const documents = new Map<string, Descriptor>();
  const blobs = new Map<string, Descriptor>();
  const seen = new Set<string>();
  const visit = async (descriptor: Descriptor, depth: number): Promise<void> => {
    if (seen.has(descriptor.digest)) return;
    seen.add(descriptor.digest);
    if (depth > DEEPEST_INDEX || seen.size + blobs.size > MOST_PARTS) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot read parts of ${quote(root.digest)}: they are too many or nested too deep, ` +
          `expected ${DEEPEST_INDEX} levels and ${MOST_PARTS} parts at most`,
      );
    }
    const { digest, mediaType } = descriptor;
    if (isIndexMediaType(mediaType)) {
      const bytes = await store.readDocument(descriptor);
      for (const entry of parseIndex(bytes, digest, mediaType).manifests) {
        await visit(entry, depth + 1);
      }
    } else if (isManifestMediaType(mediaType)) {
      const bytes = await store.readDocument(descriptor);
      const { config, layers } = parseManifest(bytes, digest, mediaType);
      for (const blob of [config, ...layers]) blobs.set(blob.digest, blob);
    } else {
      throw new ImageError(
        "UNSUPPORTED",
        `Cannot copy ${quote(digest)}: its media type is ${quote(mediaType)}, expected an image ` +
          "manifest or index",
      );
    }
    documents.set(digest, descriptor);
  };
  await visit(root, 0);
  return { documents: [...documents.values()], blobs: [...blobs.values()] };
}
