/**
 * Where the bytes of a regular file of a composefs image are.
 *
 * @module
 */
import type { DumpedContent } from "../../tree/dump.ts";

export { objectContent } from "../../tree/object_content.ts";

/**
 * The bytes of a regular file: `bytes` stand in the image itself; else `payload` is the path of
 * the object below the directory of objects, and `digest` its fs-verity digest in hexadecimal, by
 * which the kernel verifies it. A file with a size but without content is a hole.
 */
export type ImageContent = DumpedContent;

/** Whether the image has no more than the place of the bytes. */
export function isObject(content: ImageContent): boolean {
  return content.bytes === undefined;
}
