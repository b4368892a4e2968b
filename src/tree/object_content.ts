/**
 * What a dump file says of the bytes of a regular file, in as little memory as can be: a tree may have
 * millions of them.
 *
 * @module
 */
import type { ByteString } from "../bytes/byte_string.ts";
import type { DumpedContent } from "./dump.ts";

/** The content of a file that is the object `digest`, at its path below the directory of objects. */
export function objectContent(digest: string): DumpedContent {
  return new ObjectContent(digest);
}

/** The content of a file whose bytes are at a path, or have a digest; `null` for neither. */
export function contentOf(
  path: ByteString | undefined,
  digest: string | undefined,
): DumpedContent | null {
  if (digest === undefined) return path === undefined ? null : { payload: path };
  return path === objectPath(digest) ? objectContent(digest) : { payload: path, digest };
}

/** Whether a content is an object at its own path. */
export function isAtOwnPath(content: DumpedContent): boolean {
  return content instanceof ObjectContent;
}

/** An object at its own path, which is not kept. */
class ObjectContent implements DumpedContent {
  readonly digest: string;

  constructor(digest: string) {
    this.digest = digest;
  }

  get payload(): ByteString {
    return objectPath(this.digest);
  }
}

/** Where an object is, below the directory of objects. */
export function objectPath(digest: string): ByteString {
  return `${digest.slice(0, 2)}/${digest.slice(2)}`;
}
