/**
 * What is in a cache directory: the basis of listing, pruning and verifying it.
 *
 * @module
 */
import { basename, join } from "node:path";
import { parseManifest } from "../../oci/manifest.ts";
import { parseIndex } from "../../oci/index.ts";
import { isIndexMediaType } from "../../oci/media_type.ts";
import { ImageError } from "../../image_error.ts";
import {
  blobDirectory,
  blobPath,
  digestOfPartial,
  namesIn,
  partialDirectory,
} from "./cache_paths.ts";
import { parseDigest } from "../../oci/digest.ts";
import { LARGEST_DOCUMENT_BYTES } from "../../oci/json_document.ts";
import { listTagNotes } from "./tag_notes.ts";

/** A file of the cache. */
export interface CacheEntry {
  /** A complete blob, one that is or was being downloaded, or a file that a killed run left. */
  readonly kind: "blob" | "partial" | "leftover";
  /** Digest of the blob; of a leftover its name. */
  readonly digest: string;
  /** The file. */
  readonly path: string;
  /** Its bytes. */
  readonly sizeBytes: number;
  /** When it was last used, milliseconds since 1970. */
  readonly usedMilliseconds: number;
}

/** An image of which the cache knows the name. */
export interface CachedImage {
  /** Its full reference, as `docker.io/library/nginx:1.27`. */
  readonly reference: string;
  /** Digest of its manifest or index. */
  readonly digest: string;
  /** Bytes of those of its blobs that are in the cache. */
  readonly sizeBytes: number;
}

/** Everything in a cache. */
export interface CacheContents {
  /** The directory. */
  readonly directory: string;
  /** Its images by name, in the order of the names. */
  readonly images: readonly CachedImage[];
  /** Its files, the longest unused first. */
  readonly entries: readonly CacheEntry[];
  /** Bytes of all files. */
  readonly totalBytes: number;
}

/**
 * Lists a cache; a directory that does not exist is an empty one.
 *
 * Throws `ImageError` `PERMISSION` or `IO`.
 */
export function listCache(directory: string): CacheContents {
  const entries = listEntries(directory);
  return {
    directory,
    images: listImages(directory, entries),
    entries,
    totalBytes: entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
}

/** The files of a cache, the longest unused first. */
export function listEntries(directory: string): CacheEntry[] {
  const entries: CacheEntry[] = [];
  for (const algorithm of ["sha256", "sha512"]) {
    const folder = blobDirectory(directory, algorithm);
    for (const name of namesIn(folder)) {
      const isBlob = /^[0-9a-f]+$/.test(name);
      add(entries, isBlob ? "blob" : "leftover", isBlob ? `${algorithm}:${name}` : name, folder);
    }
  }
  const folder = partialDirectory(directory);
  for (const name of namesIn(folder)) {
    const digest = digestOfPartial(name);
    add(entries, digest === null ? "leftover" : "partial", digest ?? name, folder, name);
  }
  const byUse = (a: CacheEntry, b: CacheEntry) =>
    a.usedMilliseconds - b.usedMilliseconds || (a.path < b.path ? -1 : 1);
  return entries.sort(byUse);
}

function add(
  entries: CacheEntry[],
  kind: CacheEntry["kind"],
  digest: string,
  folder: string,
  name: string = digest.slice(digest.indexOf(":") + 1),
): void {
  const path = join(folder, basename(name));
  try {
    const { isFile, size, mtime } = Deno.lstatSync(path);
    if (!isFile) return;
    entries.push({ kind, digest, path, sizeBytes: size, usedMilliseconds: mtime?.getTime() ?? 0 });
  } catch {
    // Gone meanwhile.
  }
}

function listImages(directory: string, entries: readonly CacheEntry[]): CachedImage[] {
  const sizes = new Map(
    entries.filter(({ kind }) => kind === "blob")
      .map(({ digest, sizeBytes }) => [digest, sizeBytes]),
  );
  return listTagNotes(directory)
    .filter(({ note }) => sizes.has(note.digest))
    .map(({ note: { reference, digest, mediaType } }) => {
      const parts = new Set<string>();
      collectParts(directory, digest, mediaType, sizes, parts);
      const sizeBytes = [...parts].reduce((sum, part) => sum + (sizes.get(part) ?? 0), 0);
      return { reference, digest, sizeBytes };
    })
    .sort((a, b) => a.reference < b.reference ? -1 : 1);
}

/** Adds the digests of an image's blobs that are in the cache. */
function collectParts(
  directory: string,
  digest: string,
  mediaType: string,
  sizes: ReadonlyMap<string, number>,
  parts: Set<string>,
): void {
  const size = sizes.get(digest);
  if (parts.has(digest) || size === undefined) return;
  parts.add(digest);
  if (size > LARGEST_DOCUMENT_BYTES) return;
  try {
    const bytes = Deno.readFileSync(blobPath(directory, parseDigest(digest)));
    if (isIndexMediaType(mediaType)) {
      for (const entry of parseIndex(bytes, digest, mediaType).manifests) {
        collectParts(directory, entry.digest, entry.mediaType, sizes, parts);
      }
    } else {
      const { config, layers } = parseManifest(bytes, digest, mediaType);
      for (const part of [config, ...layers]) parts.add(part.digest);
    }
  } catch (error) {
    const isExpected = error instanceof ImageError || error instanceof Deno.errors.NotFound;
    if (!isExpected) throw error;
  }
}
