/**
 * Opening an image of a registry.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import {
  formatRegistryReference,
  parseRegistryReference,
  type RegistryReference,
} from "../../oci/registry_reference.ts";
import type { BlobCache } from "../cache/blob_cache.ts";
import { chooseImage } from "../choose_image.ts";
import type { Image } from "../image.ts";
import { createRequest } from "../open_options.ts";
import { openManifest } from "../opened_image.ts";
import { checkManifest } from "../registry/manifest_answer.ts";
import { openRemoteRepository, type RemoteRepository } from "./remote_repository.ts";
import type { ImageOptions } from "./remote_options.ts";

/**
 * Opens the image that a reference names: `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`. Its layers are
 * downloaded when the first of them is read, several at a time.
 *
 * Throws `ImageError`: `REGISTRY`, `NOT_FOUND`, `CORRUPT`, `UNSUPPORTED`, `DIGEST_MISMATCH`,
 * `LIMIT_EXCEEDED`, `PERMISSION`, `OUT_OF_SPACE`, `IO`; `TypeError` for a malformed platform; the
 * signal's reason when cancelled.
 */
export async function registryImage(reference: string, options: ImageOptions = {}): Promise<Image> {
  const request = createRequest(reference, {}, options);
  let remote: RemoteRepository | null = null;
  try {
    request.checkCancelled();
    const parsed = parseRegistryReference(reference);
    remote = openRemoteRepository(parsed.repository, options);
    const opened = remote;
    const root = await resolveReference(parsed, opened, options.signal);
    const wanted = { ...request, digest: parsed.digest };
    const chosen = await chooseImage([root], opened.blobs, wanted);
    const parts = await openManifest(chosen, opened.blobs, wanted);
    return { ...parts, close: () => opened.close() };
  } catch (error) {
    await remote?.close();
    throw error instanceof ImageError ? error.at({ source: reference }) : error;
  }
}

/**
 * The manifest or index that a reference names. A digest is looked up in the cache first; a tag is
 * always asked for, unless there is no network.
 */
export async function resolveReference(
  reference: RegistryReference,
  remote: RemoteRepository,
  signal?: AbortSignal,
): Promise<Descriptor> {
  const { cache } = remote;
  const { digest, tag } = reference;
  if (digest !== null) {
    const known = cache.readByDigest(digest);
    if (known !== null) return descriptorOf(checkManifest(known, cachedHead(digest)));
  }
  const name = formatRegistryReference(reference);
  if (digest === null && remote.isOffline) {
    const note = cache.readTag(name);
    const known = note === null ? null : cache.readByDigest(note.digest);
    if (known !== null) return descriptorOf(checkManifest(known, cachedHead(note!.digest)));
  }
  const manifest = await remote.reader.manifest(digest ?? tag!, signal);
  const descriptor = descriptorOf(manifest);
  cache.store(descriptor.digest, manifest.bytes);
  noteTag(cache, name, descriptor);
  return descriptor;
}

function noteTag(cache: BlobCache, reference: string, descriptor: Descriptor): void {
  const { digest, mediaType, size } = descriptor;
  cache.writeTag({ reference, digest, mediaType, size });
}

function cachedHead(digest: string) {
  return {
    what: `manifest "${digest}"`,
    wanted: digest,
    announced: null,
    contentType: null,
  };
}

function descriptorOf(
  manifest: { readonly bytes: Uint8Array; readonly mediaType: string; readonly digest: string },
): Descriptor {
  return {
    mediaType: manifest.mediaType,
    digest: manifest.digest,
    size: manifest.bytes.length,
    urls: [],
    annotations: {},
    data: null,
    platform: null,
    artifactType: "",
  };
}
