/**
 * Makes images in a repository.
 *
 * @module
 */
import type { ByteSink } from "../../io/byte_sink.ts";
import { nullSink } from "../../io/null_sink.ts";
import { countLinks, type FileTree } from "../../tree/file_tree.ts";
import type { ImageContent } from "../image/content.ts";
import type { ImageVersion } from "../image/image_version.ts";
import { writeImage } from "../image/write_image.ts";
import type { ObjectId } from "./object_id.ts";
import type { ObjectWriter } from "./object_writer.ts";
import type { Repository } from "./repository.ts";

/**
 * Writes the image of a tree as an object and gives it its name in `images`. The objects of its files
 * are there. Throws `ImageError` for what an image cannot hold.
 */
export function storeImage(
  repository: Repository,
  tree: FileTree<ImageContent>,
  version: ImageVersion,
): ObjectId {
  const object = repository.objects.beginEssential();
  try {
    countLinks(tree);
    writeImage(tree, new ObjectSink(object), { version, algorithm: repository.objects.algorithm });
    const { id } = object.end();
    repository.sync();
    repository.images.put(id, id);
    return id;
  } finally {
    object.abort();
  }
}

/** The name that the image of a tree would have. Throws `ImageError` for what none can hold. */
export function imageDigest(
  repository: Repository,
  tree: FileTree<ImageContent>,
  version: ImageVersion,
): ObjectId {
  countLinks(tree);
  const { algorithm } = repository.objects;
  return writeImage(tree, nullSink().open(), { version, algorithm }).digest;
}

/** An object that is written in order. */
class ObjectSink implements ByteSink {
  readonly #object: ObjectWriter;

  constructor(object: ObjectWriter) {
    this.#object = object;
  }

  write(bytes: Uint8Array, position: number): void {
    const gap = position - this.#object.sizeBytes;
    if (gap < 0) throw new RangeError(`Cannot write object: byte ${position} was written before`);
    if (gap > 0) this.#object.skip(gap);
    this.#object.write(bytes);
  }

  truncate(size: number): void {
    const gap = size - this.#object.sizeBytes;
    if (gap < 0) throw new RangeError(`Cannot shorten object to ${size} bytes`);
    if (gap > 0) this.#object.skip(gap);
  }
}
