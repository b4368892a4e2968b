/**
 * Copies an image from a registry into an OCI image layout (image-spec `image-layout.md`), byte for
 * byte.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import type { BlobLocation } from "../../layer/layer.ts";
import { BlobInput } from "../../layer/blob_input.ts";
import { pause } from "../../layer/pause.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { parseDigest } from "../../oci/digest.ts";
import { OCI_INDEX } from "../../oci/media_type.ts";
import type { Platform } from "../../oci/platform.ts";
import { parseRegistryReference } from "../../oci/registry_reference.ts";
import { chooseImage } from "../choose_image.ts";
import { createRequest, type ImageRequest } from "../open_options.ts";
import { resolveReference } from "../remote/open_registry_image.ts";
import type { ImageOptions } from "../remote/remote_options.ts";
import type { RegistryBlobs } from "../remote/registry_blobs.ts";
import { openRemoteRepository, type RemoteRepository } from "../remote/remote_repository.ts";
import { archiveOutput } from "./archive_output.ts";
import { directoryOutput } from "./directory_output.ts";
import { collectParts } from "./image_parts.ts";
import type { LayoutOutput } from "./layout_output.ts";

/** Options of {@linkcode pullImage}. */
export interface PullOptions extends ImageOptions {
  /**
   * Copy the images for all platforms, and whatever else the index has, instead of one image.
   *
   * @default {false}
   */
  readonly allPlatforms?: boolean;
  /** Hears which blobs will be copied, before the first of them is. */
  readonly onBlobs?: (blobs: readonly Descriptor[]) => void;
}

/** What was copied. */
export interface PullReport {
  /** Digest of the manifest or index that the layout has. */
  readonly digest: string;
  /** What the image is for; `null` where it is an index or does not say. */
  readonly platform: Platform | null;
  /** Manifests, indexes, configurations and layers. */
  readonly blobCount: number;
  /** Bytes of them. */
  readonly sizeBytes: number;
}

const LAYOUT_MARKER = '{"imageLayoutVersion":"1.0.0"}';
const TAG_ANNOTATION = "org.opencontainers.image.ref.name";
const ARCHIVE_SUFFIX = ".tar";
const TURN_BYTES = 4 * 1024 * 1024;

/**
 * Copies the image that `reference` names to `destination`: an archive where that ends with `.tar`,
 * else a directory that must not exist or be empty. Every byte is verified, and the destination
 * appears when all are there.
 *
 * Throws like `registryImage`, and `ImageError` `EXISTS` for a destination that must stay.
 */
export async function pullImage(
  reference: string,
  destination: string,
  options: PullOptions = {},
): Promise<PullReport> {
  const { signal } = options;
  const request = createRequest(reference, {}, options);
  let remote: RemoteRepository | null = null;
  const stop = () => remote?.stop(signal?.reason);
  signal?.addEventListener("abort", stop);
  try {
    request.checkCancelled();
    remote = openRemoteRepository(parseRegistryReference(reference).repository, options);
    return await copyImage(reference, destination, remote, request, options);
  } catch (error) {
    throw error instanceof ImageError ? error.at({ source: reference }) : error;
  } finally {
    signal?.removeEventListener("abort", stop);
    await remote?.close();
  }
}

async function copyImage(
  reference: string,
  destination: string,
  remote: RemoteRepository,
  request: ImageRequest,
  options: PullOptions,
): Promise<PullReport> {
  const store = remote.blobs;
  const parsed = parseRegistryReference(reference);
  const found = await resolveReference(parsed, remote, options.signal);
  const chosen = options.allPlatforms
    ? { descriptor: found, platform: null }
    : await chooseImage([found], store, { ...request, digest: parsed.digest });
  const root = { ...chosen.descriptor, platform: chosen.platform };
  const { documents, blobs } = await collectParts(root, store);
  options.onBlobs?.(blobs);
  // Refused before anything is downloaded.
  const output = destination.endsWith(ARCHIVE_SUFFIX)
    ? archiveOutput(destination, options.onNotice)
    : directoryOutput(destination, options.onNotice);
  try {
    const places: [Descriptor, BlobLocation][] = [];
    for (const blob of blobs) places.push([blob, await store.locate(blob)]);
    await Promise.all(blobs.map((blob) => store.delivery(blob)?.complete()));
    writeBytes(output, "oci-layout", new TextEncoder().encode(LAYOUT_MARKER));
    writeBytes(output, "index.json", new TextEncoder().encode(indexText(root, parsed.tag)));
    for (const document of documents) {
      writeBytes(output, pathOf(document), await store.readDocument(document));
    }
    for (const [blob, location] of places) {
      await copyBlob(blob, location, output, request, store);
    }
    request.checkCancelled();
    output.commit();
  } catch (error) {
    output.abort();
    throw error;
  }
  const all = [...documents, ...blobs];
  return {
    digest: root.digest,
    platform: root.platform,
    blobCount: all.length,
    sizeBytes: all.reduce((sum, { size }) => sum + size, 0),
  };
}

async function copyBlob(
  blob: Descriptor,
  location: BlobLocation,
  output: LayoutOutput,
  request: ImageRequest,
  store: RegistryBlobs,
): Promise<void> {
  const { digest, size } = blob;
  const input = new BlobInput({
    kind: "tar",
    location,
    size,
    digest,
    diffId: null,
    declaredCompression: null,
  });
  try {
    output.begin(pathOf({ digest }), size);
    for (let next = TURN_BYTES; input.fill(); input.start = input.end) {
      output.write(input.bytes.subarray(input.start, input.end));
      if (input.readBytes < next) continue;
      next += TURN_BYTES;
      await pause();
      request.checkCancelled();
    }
    input.finish();
    output.end();
  } catch (error) {
    const isWrong = error instanceof ImageError && error.code === "DIGEST_MISMATCH";
    if (isWrong) store.delivery(blob)?.reject();
    throw error;
  } finally {
    input.close();
  }
}

function pathOf({ digest }: { readonly digest: string }): string {
  const { algorithm, hex } = parseDigest(digest);
  return `blobs/${algorithm}/${hex}`;
}

function writeBytes(output: LayoutOutput, path: string, bytes: Uint8Array): void {
  output.begin(path, bytes.length);
  output.write(bytes);
  output.end();
}

function indexText(root: Descriptor, tag: string | null): string {
  const { mediaType, digest, size, platform } = root;
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: [{
      mediaType,
      digest,
      size,
      ...(platform === null ? {} : { platform }),
      ...(tag === null ? {} : { annotations: { [TAG_ANNOTATION]: tag } }),
    }],
  });
}
