/**
 * From the name of a container image to the EROFS image that was made of it.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { quote } from "../../oci/quote.ts";
import type { RepositoryMetadata } from "../repository/metadata.ts";
import { isObjectId, type ObjectId } from "../repository/object_id.ts";
import type { Repository } from "../repository/repository.ts";
import { type ImageVariant, variantName, XATTR_MODES } from "./image_variant.ts";
import { containerConfig, imagesOf, openOciImage } from "./oci_image.ts";

/**
 * The image that `name` stands for: a tag or `@` and a digest of a manifest, of which the variant is
 * taken; or the digest of an image of the repository, or its name in `images/refs`.
 *
 * Rejects with `ImageError` `NOT_FOUND` where there is none, `DIGEST_MISMATCH` where it is damaged.
 */
export async function variantImage(
  repository: Repository,
  name: string,
  wanted: Pick<ImageVariant, "isBootable" | "isAsIs">,
): Promise<ObjectId> {
  const id = await findImage(repository, name, wanted);
  if (repository.objects.measure(id) === id) return id;
  throw new ImageError(
    "DIGEST_MISMATCH",
    `Cannot open image ${quote(name)}: its bytes are not those of ${id}, expected them`,
    { where: { source: repository.path } },
  );
}

async function findImage(
  repository: Repository,
  name: string,
  wanted: Pick<ImageVariant, "isBootable" | "isAsIs">,
): Promise<ObjectId> {
  const { images, metadata } = repository;
  if (isObjectId(name, metadata.algorithm) && images.objectOf(name) === name) return name;
  if (name.startsWith("refs/")) {
    const target = images.refTarget(name.slice("refs/".length));
    const id = target === null ? null : images.objectOf(target);
    if (id !== null) return id;
  }
  const image = await openOciImage(repository, name);
  containerConfig(image);
  const made = imagesOf(image);
  const found = chooseVariant(made, metadata, wanted);
  if (found !== null) return found;
  // Where only one thing was made of it, that is meant.
  if (made.size === 1 && !wanted.isBootable && !wanted.isAsIs) return [...made.values()][0];
  throw new ImageError(
    "NOT_FOUND",
    `Cannot find EROFS of image ${quote(name)}: it has ${
      [...made.keys()].join(", ") || "none"
    }, expected it to be pulled in that form`,
    { where: { source: repository.path } },
  );
}

/** Of the images that were made of a container image, the one that is meant; `null` for none. */
export function chooseVariant(
  made: ReadonlyMap<string, ObjectId>,
  { imageVersions }: RepositoryMetadata,
  wanted: Pick<ImageVariant, "isBootable" | "isAsIs">,
): ObjectId | null {
  // The default version first; a pull may have found another one by an expected digest.
  for (const version of [...imageVersions, 2, 1, 0] as const) {
    for (const xattrs of XATTR_MODES) {
      const id = made.get(variantName({ ...wanted, version, xattrs }));
      if (id !== undefined) return id;
    }
  }
  return null;
}
