/**
 * Takes images into a repository that were made elsewhere.
 *
 * @module
 */
import { readStoredImage } from "./image_objects.ts";
import { checkRefName } from "./link_directory.ts";
import type { ObjectId } from "./object_id.ts";
import type { Repository } from "./repository.ts";

/**
 * Stores the image file at `path`, whose objects may come later, and gives it the name `name` below
 * `images/refs`. Answers its digest.
 *
 * Throws `ImageError` `CORRUPT` or `UNSUPPORTED` where it is no image, `UNSAFE_PATH` for a wrong
 * name, `IO`.
 */
export function importImage(
  repository: Repository,
  path: string,
  name: string,
): ObjectId {
  checkRefName(name);
  const { id } = repository.objects.putFile(path);
  // What is no image has no name and goes with the next collection of garbage.
  readStoredImage(repository.objects, id);
  repository.sync();
  repository.images.put(id, id);
  repository.images.putRef(name, id);
  return id;
}
