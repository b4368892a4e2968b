/**
 * Where the bytes of a regular file of a composefs image are.
 *
 * @module
 */
import type { ByteString } from "../../bytes/byte_string.ts";
import type { DumpedContent } from "../../tree/dump.ts";

/**
 * The bytes of a regular file: `bytes` stand in the image itself; else `payload` is the path of
 * the object below the directory of objects, and `digest` its fs-verity digest in hexadecimal, by
 * which the kernel verifies it. A file with a size but without content is a hole.
 */
export type ImageContent = DumpedContent;

/** The content of a file that is the object `digest`. */
export function objectContent(digest: string): ImageContent {
  return new ObjectContent(digest);
}

/** The content of a file whose bytes are at a path, or have a digest; `null` for neither. */
export function contentOf(
  path: ByteString | undefined,
  digest: string | undefined,
): ImageContent | null {
  if (digest === undefined) return path === undefined ? null : { payload: path };
  return path === objectPath(digest) ? objectContent(digest) : { payload: path, digest };
}

/** An object at its own path: of a million of them the paths are not kept. */
class ObjectContent implements ImageContent {
  readonly digest: string;

  constructor(digest: string) {
    this.digest = digest;
  }

  get payload(): ByteString {
    return objectPath(this.digest);
  }
}

/** Where an object is, below the directory of objects. */
function objectPath(digest: string): ByteString {
  return `${digest.slice(0, 2)}/${digest.slice(2)}`;
}

/** Whether the image has no more than the place of the bytes. */
export function isObject(content: ImageContent): boolean {
  return content.bytes === undefined;
}
