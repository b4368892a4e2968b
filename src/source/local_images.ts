/**
 * Which image of a store of a container engine is meant, by name, by digest, or by the start of its
 * identifier.
 *
 * @module
 */
import { ImageError } from "../image_error.ts";
import type { Platform } from "../oci/platform.ts";
import { platformRank } from "../oci/platform.ts";
import { quote } from "../oci/quote.ts";
import { normalizeImageName, tagOf } from "../oci/reference.ts";
import { noPlatformError } from "./choose_image.ts";
import { type ListedImage, listImages } from "./image_listing.ts";
import type { ImageRequest } from "./open_options.ts";

/** An image of a store. */
export interface LocalImage {
  /** Its names, as `busybox:latest`. */
  readonly names: readonly string[];
  /** Its identifier, hexadecimal: what engines show the start of. */
  readonly id: string;
  /** All digests that name it: of its configuration, its manifests. */
  readonly digests: readonly string[];
  /** What it is for; `null` where that is not known or cannot be read. */
  platform(): Platform | null;
}

/** Images whose platform is read for a list. */
const MOST_LISTED = 20;

/**
 * The image of `images` that the name of the request means; without a name the only one that has
 * one, or the only one.
 *
 * Throws `ImageError` `NOT_FOUND` or `AMBIGUOUS`, which list what is there.
 */
export function chooseLocalImage<T extends LocalImage>(
  images: readonly T[],
  request: ImageRequest,
  finders: readonly ImageFinder[] = [byName, byDigest, byId],
): T {
  const wanted = request.name;
  const found = wanted === null ? likely(images) : firstFound(images, wanted, finders);
  if (found.length === 1) return found[0];
  const source = quote(request.reference);
  if (found.length > 1) {
    throw new ImageError(
      "AMBIGUOUS",
      `Cannot choose image in ${source}: ${found.length} images match, expected a choice by name ` +
        `or digest:${listImages(found.map(listed))}`,
    );
  }
  throw new ImageError(
    "NOT_FOUND",
    images.length === 0
      ? `Cannot find image in ${source}: the store has no images, expected one`
      : `Cannot find image ${quote(wanted)} in ${source}: it is not there, expected one of:` +
        listImages(images.map(listed)),
  );
}

/** Throws `ImageError` `NOT_FOUND` where `image` is for another platform than the wanted one. */
export function expectPlatform(image: LocalImage, request: ImageRequest): void {
  const platform = image.platform();
  const isByDigest = request.name !== null && !byName(image, request.name);
  if (!request.platformGiven && (platform === null || isByDigest)) return;
  if (platform !== null && platformRank(request.platform, platform) !== null) return;
  throw noPlatformError([listed(image, 0)], request);
}

/** Whether an image is meant by a text. */
export type ImageFinder = (image: LocalImage, wanted: string) => boolean;

/** By its name, or what is short for it. */
export function byName({ names }: LocalImage, wanted: string): boolean {
  const full = normalizeImageName(wanted);
  return names.some((name) => name === wanted || normalizeImageName(name) === full);
}

/** By the end of its name: `tools/app:1` for `localhost/tools/app:1`. */
export function byEndOfName({ names }: LocalImage, wanted: string): boolean {
  const hasTag = wanted.includes("@") || tagOf(wanted) !== null;
  return names.some((name) => name.endsWith(`/${wanted}${hasTag ? "" : ":latest"}`));
}

/** By a digest, alone or behind one of its names. */
export function byDigest(image: LocalImage, wanted: string): boolean {
  const at = wanted.indexOf("@");
  if (!image.digests.includes(wanted.slice(at + 1))) return false;
  if (at <= 0) return true;
  const repository = repositoryOf(wanted.slice(0, at));
  return image.names.some((name) => repositoryOf(name) === repository);
}

/** By the start of its identifier. */
export function byId({ id }: LocalImage, wanted: string): boolean {
  return /^[0-9a-f]+$/.test(wanted) && id.startsWith(wanted);
}

/** The first way that finds anything counts. */
function firstFound<T extends LocalImage>(
  images: readonly T[],
  wanted: string,
  finders: readonly ImageFinder[],
): T[] {
  for (const finder of finders) {
    const found = images.filter((image) => finder(image, wanted));
    if (found.length > 0) return found;
  }
  return [];
}

/** Builds leave images without names behind. */
function likely<T extends LocalImage>(images: readonly T[]): readonly T[] {
  const named = images.filter(({ names }) => names.length > 0);
  return named.length > 0 ? named : images;
}

/** A name without tag and digest, in full. */
function repositoryOf(name: string): string {
  const full = normalizeImageName(name.split("@", 1)[0]);
  return full.slice(0, full.lastIndexOf(":"));
}

function listed(image: LocalImage, index: number): ListedImage {
  const platform = index < MOST_LISTED ? image.platform() : null;
  return {
    name: image.names.join(", "),
    platforms: platform === null ? [] : [platform],
    digest: image.digests[0] ?? image.id,
  };
}
