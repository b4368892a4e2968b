/**
 * An image of Podman, Buildah or CRI-O on this machine, read from their storage.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { Linux } from "../../io/linux.ts";
import { parseConfig } from "../../oci/config.ts";
import { verifyBlob } from "../../oci/descriptor.ts";
import { digestOf } from "../../oci/digest.ts";
import { type Manifest, parseManifest } from "../../oci/manifest.ts";
import type { Platform } from "../../oci/platform.ts";
import { quote } from "../../oci/quote.ts";
import type { DirectoryOptions } from "../directory_options.ts";
import type { Image } from "../image.ts";
import { checkDiffIds } from "../image_layers.ts";
import {
  byDigest,
  byEndOfName,
  byId,
  byName,
  chooseLocalImage,
  expectPlatform,
  type LocalImage,
} from "../local_images.ts";
import { createRequest, type ImageRequest, type OpenOptions } from "../open_options.ts";
import { type Environment, processEnvironment } from "../registry/environment.ts";
import type { StoreOptions } from "../store_options.ts";
import { type StoredDescription, storedImage } from "../stored_image.ts";
import { STORAGE_DRIVERS, type StorageDriver } from "./storage_driver.ts";
import { storageLayers } from "./storage_layers.ts";
import { parseStorageReference } from "./storage_reference.ts";
import { findStorageRoots } from "./storage_roots.ts";
import { StorageStore, type StoredImageRecord } from "./storage_store.ts";

/** Options of {@linkcode containersStorage}. */
export interface ContainersStorageOptions extends OpenOptions, DirectoryOptions, StoreOptions {}

/** Key of the manifest among the documents of an image. */
const MANIFEST = "manifest";

/**
 * Opens the image `reference` of a storage with the driver overlay or vfs: a name (`debian:12`, in full or
 * its end), a digest, or the start of an identifier; empty means the only image. In brackets before
 * it may stand where the storage is, as `[overlay@/srv/storage]debian:12`.
 *
 * The tars of the layers are put together again from their files and verified, as manifest and
 * configuration are. Only where nothing is kept of a tar, the files are read as a container would see
 * them; no digest protects them then, as a notice says, and it takes the C library (`--allow-ffi`,
 * Linux) and the owners of the image: for the storage of a user `podman unshare`.
 *
 * Throws `ImageError`: `NOT_FOUND` and `AMBIGUOUS` list the images that there are; `CORRUPT`,
 * `UNSUPPORTED`, `UNSAFE_PATH`, `DIGEST_MISMATCH`, `LIMIT_EXCEEDED`, `PERMISSION`, `IO`.
 */
// deno-lint-ignore require-await -- an error must be a rejection
export async function containersStorage(
  reference: string,
  options: ContainersStorageOptions = {},
): Promise<Image> {
  const source = `containers-storage:${reference}`;
  try {
    const { name, root, driver } = parseStorageReference(reference);
    const request = createRequest(source, { name }, options);
    request.checkCancelled();
    return openIn(storesFor(root ?? options.storageRoot, driver), request, options);
  } catch (error) {
    throw error instanceof ImageError ? error.at({ source }) : error;
  }
}

/** An image and the store with its documents. */
interface FoundImage extends LocalImage {
  readonly record: StoredImageRecord;
  readonly store: StorageStore;
}

function storesFor(root: string | undefined, driver: StorageDriver | null): StorageStore[] {
  const roots = root !== undefined
    ? { root, additional: [] }
    : findStorageRoots(processEnvironment, userOf(processEnvironment));
  const drivers = driver === null ? STORAGE_DRIVERS : [driver];
  const stores = [roots.root, ...roots.additional].flatMap((path) =>
    drivers.map((driver) => new StorageStore(path, driver))
  );
  const found = stores.filter((store) => store.exists());
  if (found.length > 0) return found;
  throw new ImageError(
    "NOT_FOUND",
    `Cannot open container storage ${quote(roots.root)}: there are no images of the drivers ` +
      "overlay and vfs, expected the storage of Podman, Buildah or CRI-O",
  );
}

/** Whose storage is meant; inside `podman unshare` the user is root and a variable says who it was. */
function userOf(environment: Environment): number {
  const outside = environment.variable("_CONTAINERS_ROOTLESS_UID");
  if (outside !== undefined && /^[0-9]+$/.test(outside)) return Number(outside);
  const linux = Linux.open();
  if (!(linux instanceof Linux)) {
    throw new ImageError(
      linux.reason.includes("--allow-ffi") ? "PERMISSION" : "UNSUPPORTED",
      `Cannot find the container storage: whose it is says the C library, and ${linux.reason}, ` +
        "expected to be able to ask, or to be told where the storage is",
    );
  }
  try {
    return linux.uid();
  } finally {
    linux.close();
  }
}

function openIn(
  stores: readonly StorageStore[],
  request: ImageRequest,
  options: DirectoryOptions,
): Image {
  const images = stores.flatMap((store) =>
    store.images().map((record): FoundImage => ({
      record,
      store,
      id: record.id,
      names: record.names,
      digests: [...digestsOf(record)],
      platform: () => platformOf(store, record),
    }))
  );
  // Podman takes the first store that has an image, too.
  const firsts = new Map(images.toReversed().map((image) => [image.id, image]));
  const image = chooseLocalImage([...firsts.values()].reverse(), request, [
    byName,
    byEndOfName,
    byDigest,
    byId,
  ]);
  const description = readDescription(image.store, image.record);
  const { manifest, parsed } = description;
  expectPlatform(image, request);
  const { diffIds } = parsed.config;
  checkDiffIds(parsed, manifest.layers.length, manifest.config.digest);
  const layers = storageLayers(stores, image.store, image.record.layer, diffIds);
  return storedImage(request, description, layers, options);
}

/** Reads manifest and configuration, verified. Throws `ImageError`. */
function readDescription(
  store: StorageStore,
  record: StoredImageRecord,
): StoredDescription & { readonly manifest: Manifest } {
  const bytes = expectDocument(store, record, MANIFEST);
  const digest = digestOf(bytes);
  if (record.digest !== "" && !digestsOf(record).has(digest)) {
    throw new ImageError(
      "DIGEST_MISMATCH",
      `Cannot read manifest of image ${quote(record.id)} in ${quote(store.path)}: its digest is ` +
        `${digest}, expected ${record.digest}`,
    );
  }
  const manifest = parseManifest(bytes, digest, "");
  const config = expectDocument(store, record, manifest.config.digest);
  verifyBlob(config, manifest.config);
  return {
    digest,
    manifest,
    parsed: parseConfig(config, manifest.config.digest),
    documents: { manifest: bytes, config },
  };
}

function expectDocument(store: StorageStore, record: StoredImageRecord, key: string): Uint8Array {
  const bytes = store.readDocument(record, key);
  if (bytes !== null) return bytes;
  throw new ImageError(
    "NOT_FOUND",
    `Cannot read image ${quote(record.id)} in ${quote(store.path)}: its document ${quote(key)} ` +
      "is not there, expected a complete storage",
  );
}

/** Digests that name the image: of its manifests, and of its configuration. */
function digestsOf({ id, digest, documents }: StoredImageRecord): Set<string> {
  const manifests = documents.filter((key) => key.startsWith("manifest-"))
    .map((key) => key.slice("manifest-".length));
  const configs = /^[0-9a-f]{64}$/.test(id) ? [`sha256:${id}`] : [];
  return new Set([...(digest === "" ? [] : [digest]), ...manifests, ...configs]);
}

function platformOf(store: StorageStore, record: StoredImageRecord): Platform | null {
  try {
    return readDescription(store, record).parsed.platform;
  } catch (error) {
    if (error instanceof ImageError) return null; // It is only listed.
    throw error;
  }
}
