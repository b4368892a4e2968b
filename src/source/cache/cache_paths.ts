/**
 * Where things are in a cache directory.
 *
 * ```text
 * blobs/sha256/0123…                       a complete blob, under its digest
 * partial/sha256-0123….89abcdef01234567    a blob that is, or was, being downloaded
 * tags/0123….json                          which digest a tag had when it was last asked for
 * ```
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { systemError } from "../../io/system_error.ts";
import type { Digest } from "../../oci/digest.ts";

/** Path of a complete blob. */
export function blobPath(cache: string, digest: Digest): string {
  return join(cache, "blobs", digest.algorithm, digest.hex);
}

/** Directory of the blobs of one algorithm. */
export function blobDirectory(cache: string, algorithm: string): string {
  return join(cache, "blobs", algorithm);
}

/** Directory of unfinished blobs. */
export function partialDirectory(cache: string): string {
  return join(cache, "partial");
}

/** What the names of all unfinished files of one blob begin with. */
export function partialStem(digest: Digest): string {
  return `${digest.algorithm}-${digest.hex}.`;
}

/** Path of a new unfinished file. */
export function newPartialPath(cache: string, digest: Digest): string {
  const name = partialStem(digest) + crypto.getRandomValues(new Uint8Array(8)).toHex();
  return join(partialDirectory(cache), name);
}

/** The digest in the name of an unfinished file, `null` for other names. */
export function digestOfPartial(name: string): string | null {
  const match = /^(sha256|sha512)-([0-9a-f]+)\.[0-9a-f]{16}$/.exec(name);
  return match === null ? null : `${match[1]}:${match[2]}`;
}

/** Directory of the notes on tags. */
export function tagDirectory(cache: string): string {
  return join(cache, "tags");
}

/** Path of the note on a tag; `reference` is its full form. */
export function tagPath(cache: string, reference: string): string {
  const name = createHash("sha256").update(reference).digest("hex");
  return join(tagDirectory(cache), `${name}.json`);
}

/**
 * Makes a directory of the cache, for its owner alone: images may be private.
 *
 * Throws `ImageError` `PERMISSION`, `OUT_OF_SPACE` or `IO`.
 */
export function makeCacheDirectory(path: string): void {
  try {
    Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw systemError(error, "make cache directory", path);
  }
}

/** Names in a directory of the cache, sorted; none where it is not there. */
export function namesIn(path: string): string[] {
  try {
    return [...Deno.readDirSync(path)].map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw systemError(error, "read cache directory", path);
  }
}
