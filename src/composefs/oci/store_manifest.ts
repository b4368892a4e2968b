/**
 * Stores manifest and configuration of an image whose layers are there, and makes its EROFS images.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import type { NoticeListener } from "../../notice.ts";
import { quote } from "../../oci/quote.ts";
import { hasNamedObjects } from "../repository/named_objects.ts";
import { isObjectId, type ObjectId } from "../repository/object_id.ts";
import type { ObjectListing } from "../repository/object_listing.ts";
import type { Repository } from "../repository/repository.ts";
import { checkDigest, openStream } from "./document_stream.ts";
import type { ImageMaker } from "./image_maker.ts";
import { type ImageVariant, isVariantName, variantName } from "./image_variant.ts";
import { type DocumentsToStore, storeDocuments } from "./store_documents.ts";
import { configStream } from "./stream_names.ts";

/** An image whose layers are in the repository. */
export interface ManifestToStore extends DocumentsToStore {
  /** Digests of the tars, base first, where one comes twice; default: the keys of `layers`. */
  readonly diffIds?: readonly string[];
  /** Lists the objects, if nothing was stored since it began. */
  readonly present?: ObjectListing;
}

/** Which images are made. */
export interface ImageOptions {
  /** Makes bootable images besides. */
  readonly isBootable?: boolean;
  /** Makes images of the files as they are, without the usual changes. */
  readonly isAsIs?: boolean;
  /** The digest of the image that must come out; its version and attributes are found out. */
  readonly expectedDigest?: string;
  /** Hears remarks. */
  readonly onNotice?: NoticeListener;
  /** Stops the work with its reason. */
  readonly signal?: AbortSignal;
}

/** Codes of errors that mean that something in the repository is damaged. */
export const DAMAGED: ReadonlySet<string> = new Set(["CORRUPT", "NOT_FOUND", "DIGEST_MISMATCH"]);

/** Stores it all; answers the images by the names of their variants. Rejects with `ImageError`. */
export async function storeManifest(
  repository: Repository,
  image: ManifestToStore,
  options: ImageOptions,
): Promise<Map<string, ObjectId>> {
  const { manifest, config, layers } = image;
  checkDigest(manifest.bytes, manifest.digest);
  checkDigest(config.bytes, config.digest);
  const present = image.present ?? repository.objects.list();
  const known = await knownImages(repository, config.digest, present);
  const images = await storeImages(repository, image.diffIds ?? [...layers.keys()], known, options);
  await storeDocuments(repository, image, new Map([...known, ...images]));
  return images;
}

/** Makes the images of the repository's versions, or the one with the expected digest. */
async function storeImages(
  repository: Repository,
  diffIds: readonly string[],
  known: ReadonlyMap<string, ObjectId>,
  options: ImageOptions,
): Promise<Map<string, ObjectId>> {
  const { isBootable = false, isAsIs = false, expectedDigest } = options;
  let loaded: ImageMaker | null = null;
  // Merging and writing take long to load, and a repeated pull makes nothing.
  const maker = async () =>
    loaded ??= new (await import("./image_maker.ts")).ImageMaker(repository, diffIds, options);
  const images = new Map<string, ObjectId>();
  const take = async (variant: ImageVariant) => {
    const name = variantName(variant);
    images.set(name, known.get(name) ?? await (await maker()).store(variant));
  };
  for (const version of repository.metadata.imageVersions) {
    const plain: ImageVariant = { version, xattrs: "allowlist-only", isBootable: false, isAsIs };
    await take(plain);
    if (isBootable) await take({ ...plain, isBootable: true });
  }
  if (expectedDigest === undefined || [...images.values()].includes(expectedDigest)) return images;
  const expected = await (await maker()).storeExpected(expectedDigest);
  if (expected !== null) return images.set(...expected);
  throw new ImageError(
    "DIGEST_MISMATCH",
    `Cannot accept image: none of its forms has the digest ${
      quote(expectedDigest)
    }, expected one ` +
      "of them to",
  );
}

/** The images that an earlier pull has made, which are still there with all of their objects. */
async function knownImages(
  repository: Repository,
  configDigest: string,
  present: ObjectListing,
): Promise<Map<string, ObjectId>> {
  const { objects, images } = repository;
  try {
    const stream = await openStream(repository, configStream(configDigest), "ociconfg");
    if (stream === null) return new Map();
    return new Map(
      [...stream.namedRefs].filter(([name, id]) =>
        isVariantName(name) && images.objectOf(id) === id && objects.sizeOf(id) !== null &&
        objects.measure(id) === id &&
        // Not all are objects of layers: a file with holes is one of the image alone.
        hasNamedObjects(objects, id, present)
      ),
    );
  } catch (error) {
    if (error instanceof ImageError && DAMAGED.has(error.code)) return new Map();
    throw error;
  }
}

/** Throws `ImageError` `UNSUPPORTED` where `digest` can be of no image of the repository. */
export function checkExpected(repository: Repository, digest: string): void {
  if (isObjectId(digest, repository.metadata.algorithm)) return;
  throw new ImageError(
    "UNSUPPORTED",
    `Cannot expect digest ${quote(digest)}: it is no ${repository.metadata.algorithm} digest, ` +
      "expected one of the repository's algorithm",
  );
}
