/**
 * An image file for the commands that look into it.
 *
 * @module
 */
import type { ImageContent } from "../../../composefs/image/content.ts";
import { readImage } from "../../../composefs/image/read_image.ts";
import { utf8ByteString } from "../../../bytes/byte_string.ts";
import { ImageError } from "../../../image_error.ts";
import { fileSource } from "../../../io/file_source.ts";
import { countLinks, type FileTree } from "../../../tree/file_tree.ts";
import { UsageError } from "../../usage_error.ts";

/**
 * Reads the image file at `path`; of its root, only what `filter` names, all where that is empty.
 * Throws `ImageError` or `UsageError`.
 */
export function readImageFile(
  path: string,
  filter: readonly string[] = [],
): FileTree<ImageContent> {
  const names = new Set(filter.map((name) => {
    if (name !== "" && !name.includes("/")) return utf8ByteString(name);
    throw new UsageError(`Cannot use filter "${name}": it is a path, expected one name`);
  }));
  const source = fileSource(path);
  try {
    const { tree } = readImage(source);
    if (names.size > 0) {
      for (const name of [...tree.root.children!.keys()]) {
        if (!names.has(name)) tree.root.children!.delete(name);
      }
      countLinks(tree);
    }
    return tree;
  } catch (error) {
    throw error instanceof ImageError ? error.at({ source: path }) : error;
  } finally {
    source.close();
  }
}
