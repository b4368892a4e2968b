/**
 * An image of containerd on this machine, read from its content store without it.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { quote } from "../../oci/quote.ts";
import type { Image } from "../image.ts";
import { byDigest, byId, byName, chooseLocalImage, type ImageFinder } from "../local_images.ts";
import { createRequest, type ImageRequest, type OpenOptions } from "../open_options.ts";
import type { StoreOptions } from "../store_options.ts";
import { parseContainerdReference } from "./containerd_reference.ts";
import {
  ContainerdStore,
  type NamedContainerdImage,
  noContainerdStore,
} from "./containerd_store.ts";

/** Options of {@linkcode containerdImage}. */
export interface ContainerdOptions extends OpenOptions, StoreOptions {}

/** Where containerd keeps everything. */
export const DEFAULT_CONTAINERD_ROOT = "/var/lib/containerd";

/**
 * Opens the image `NAME[@NAMESPACE]` or `DIGEST[@NAMESPACE]` of containerd; without a namespace all
 * are searched, and an empty name means the only image. Blobs are read where they are and verified
 * like those of any other source; containerd may be running.
 *
 * Throws `ImageError`: `NOT_FOUND` and `AMBIGUOUS` list the images that there are; `CORRUPT`,
 * `UNSUPPORTED`, `DIGEST_MISMATCH`, `LIMIT_EXCEEDED`, `PERMISSION`, `IO`; the signal's reason when
 * cancelled.
 */
export async function containerdImage(
  reference: string,
  options: ContainerdOptions = {},
): Promise<Image> {
  const { name, namespace } = parseContainerdReference(reference);
  const request = createRequest(`containerd:${reference}`, { name }, options);
  const root = options.containerdRoot ?? DEFAULT_CONTAINERD_ROOT;
  try {
    request.checkCancelled();
    return await openByName(new ContainerdStore(root), namespace, request);
  } catch (error) {
    throw error instanceof ImageError ? error.at({ source: request.reference }) : error;
  }
}

async function openByName(
  store: ContainerdStore,
  namespace: string | null,
  request: ImageRequest,
): Promise<Image> {
  if (!store.exists()) throw noContainerdStore(store.path);
  const { name } = request;
  if (name !== null && /^sha(?:256|512):/.test(name)) {
    const target = store.describe(name);
    if (target !== null) return await store.open(target, { ...request, name: null, digest: name });
  }
  if (!store.hasNames()) {
    throw new ImageError(
      "NOT_FOUND",
      `Cannot find image ${quote(name)} in ${quote(store.path)}: there is no database of names, ` +
        "expected the digest of a manifest",
    );
  }
  const images = store.images(namespace).map(withNamespaces);
  const image = chooseLocalImage(images, request, [byPlainName, byDigest, byId]);
  return await openNamed(store, image, request);
}

/** Opens an image that was found by its name. */
export async function openNamed(
  store: ContainerdStore,
  { entries, digests }: NamedContainerdImage,
  request: ImageRequest,
): Promise<Image> {
  const isByDigest = request.name?.endsWith(digests[0]) ?? false;
  const choice = { name: null, digest: isByDigest ? digests[0] : null };
  return await store.open(entries[0].target, { ...request, ...choice });
}

/** The same image, listed by names that can be given as they are. */
function withNamespaces(image: NamedContainerdImage): NamedContainerdImage {
  const names = image.entries.map(({ name, namespace }) => `${name}@${namespace}`);
  return { ...image, names };
}

const byPlainName: ImageFinder = (image, wanted) => {
  const names = image.names.map((name) => name.slice(0, name.lastIndexOf("@")));
  return byName({ ...image, names }, wanted);
};
