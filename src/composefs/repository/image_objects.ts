/**
 * The objects that an image needs.
 *
 * @module
 */
import { eachDirectory, type FileTree } from "../../tree/file_tree.ts";
import { FileKind } from "../../tree/inode.ts";
import type { ImageContent } from "../image/content.ts";
import { IMAGE_HEADER_SIZE, IMAGE_MAGIC, readImageHeader } from "../image/image_header.ts";
import { type ReadImage, readImage } from "../image/read_image.ts";
import { isObjectId, type ObjectId } from "./object_id.ts";
import type { ObjectStore } from "./object_store.ts";

/** Whether a file that begins with `head` (32 bytes or more) is an image. */
export function isImage(head: Uint8Array): boolean {
  if (head.length < IMAGE_HEADER_SIZE) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  return readImageHeader(view, 0).magic === IMAGE_MAGIC;
}

/** Reads the image that is the object `id`. Throws `ImageError`. */
export function readStoredImage(store: ObjectStore, id: ObjectId): ReadImage {
  const source = store.open(id);
  try {
    return readImage(source);
  } finally {
    source.close();
  }
}

/** The objects that the image `id` needs, each once. Throws `ImageError` where it is no image. */
export function imageObjects(store: ObjectStore, id: ObjectId): Set<ObjectId> {
  return objectsOf(readStoredImage(store, id).tree, store);
}

/** The objects that the files of a tree consist of. */
export function objectsOf(tree: FileTree<ImageContent>, store: ObjectStore): Set<ObjectId> {
  const found = new Set<ObjectId>();
  eachDirectory(tree, (directory) => {
    for (const child of directory.children!.values()) {
      if (child.kind !== FileKind.regular || child.content === null) continue;
      const id = objectOf(child.content, store);
      if (id !== null) found.add(id);
    }
  });
  return found;
}

/** The object that a file consists of; `null` where its bytes are in the image, or nowhere. */
export function objectOf(content: ImageContent, store: ObjectStore): ObjectId | null {
  if (content.digest !== undefined) return content.digest;
  const id = content.payload?.replaceAll("/", "") ?? "";
  return isObjectId(id, store.algorithm) ? id : null;
}
