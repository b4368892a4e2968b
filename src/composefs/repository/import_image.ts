/**
 * Takes images into a repository that were made elsewhere.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { imageObjects } from "./image_objects.ts";
import { checkRefName } from "./link_directory.ts";
import { isObjectId, type ObjectId } from "./object_id.ts";
import type { Repository } from "./repository.ts";

/**
 * Stores the image file at `path`, whose objects may come later, and gives it the name `name` below
 * `images/refs`. Answers its digest.
 *
 * Throws `ImageError` `CORRUPT` or `UNSUPPORTED` where it is no image or one for other repositories,
 * `UNSAFE_PATH` for a wrong name, `IO`.
 */
export function importImage(
  repository: Repository,
  path: string,
  name: string,
): ObjectId {
  checkRefName(name);
  const { id } = repository.objects.putFile(path);
  // What is refused has no name and goes with the next collection of garbage.
  for (const object of imageObjects(repository.objects, id)) {
    if (isObjectId(object, repository.metadata.algorithm)) continue;
    throw new ImageError(
      "UNSUPPORTED",
      `Cannot import image "${name}": it names its files as "${object}", expected ` +
        `${repository.metadata.algorithm} digests as the repository has them`,
    );
  }
  repository.sync();
  repository.images.put(id, id);
  repository.images.putRef(name, id);
  return id;
}
