/**
 * A composefs image in a file and the directory of its objects, as an image of the program.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { fileSource } from "../../io/file_source.ts";
import type { Image } from "../../source/image.ts";
import { createRequest, type OpenOptions } from "../../source/open_options.ts";
import { rootImage } from "../../source/root_image.ts";
import { countLinks } from "../../tree/file_tree.ts";
import { splitDirectory } from "./directory_name.ts";
import { ObjectReader } from "./object_reader.ts";
import { readImage } from "./read_image.ts";

/**
 * Opens the image that `OBJECTS:FILE` means: a directory of objects, as a digest store or the
 * `objects` of a repository, and an image file. Every object is compared with its digest when it is
 * read.
 *
 * Rejects with `ImageError` `NOT_FOUND`, `CORRUPT`, `UNSUPPORTED`, `LIMIT_EXCEEDED`, `PERMISSION` or
 * `IO`; the signal's reason when cancelled.
 */
// deno-lint-ignore require-await -- an error must be a rejection
export async function composefsImageFile(rest: string, options: OpenOptions = {}): Promise<Image> {
  const request = createRequest(`composefs-image:${rest}`, {}, options);
  request.checkCancelled();
  try {
    const { directory, name } = splitDirectory(rest, "composefs-image:OBJECTS:FILE");
    const source = fileSource(name);
    try {
      const { tree } = readImage(source);
      countLinks(tree);
      const reader = new ObjectReader(directory);
      return rootImage(request, {
        index: 0,
        name: "0 (composefs)",
        size: 0,
        job: {
          kind: "tree",
          tree,
          reader,
          declaredCompression: null,
          digest: null,
          diffId: null,
        },
      }, () => reader.close());
    } finally {
      source.close();
    }
  } catch (error) {
    throw error instanceof ImageError ? error.at({ source: request.reference }) : error;
  }
}
