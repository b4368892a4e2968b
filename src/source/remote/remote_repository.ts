/**
 * A repository with all that reading from it takes: client, cache, downloads.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import type { Repository } from "../../oci/registry_reference.ts";
import { BlobCache } from "../cache/blob_cache.ts";
import { defaultCacheDirectory } from "../cache/cache_directory.ts";
import { makeCacheDirectory } from "../cache/cache_paths.ts";
import { pruneCache } from "../cache/prune_cache.ts";
import { openSpool } from "../cache/spool.ts";
import { RegistryClient } from "../registry/client.ts";
import { RegistryBlobs } from "./registry_blobs.ts";
import { offlineReader, onlineReader, type RepositoryReader } from "./repository_reader.ts";
import type { RemoteOptions } from "./remote_options.ts";
import { TransferQueue } from "./transfer_queue.ts";

const DEFAULT_JOBS = 4;
const DEFAULT_CACHE_BYTES = 10 * 1024 ** 3;

/** A repository that is open; close it when its blobs have been read. */
export interface RemoteRepository {
  /** Its manifests and blobs. */
  readonly reader: RepositoryReader;
  /** Where they are kept. */
  readonly cache: BlobCache;
  /** Its blobs, from the cache or the registry. */
  readonly blobs: RegistryBlobs;
  /** Whether there is no network. */
  readonly isOffline: boolean;
  /** Ends downloads with this error. */
  stop(reason: unknown): void;
  /** Ends downloads, closes connections, gives the cache back. Calling it again does nothing. */
  close(): Promise<void>;
}

/** Opens a repository. Throws `ImageError` `PERMISSION`, `OUT_OF_SPACE` or `IO`, `RangeError` for wrong options. */
export function openRemoteRepository(
  repository: Repository,
  options: RemoteOptions & { readonly signal?: AbortSignal },
): RemoteRepository {
  const jobs = options.jobs ?? DEFAULT_JOBS;
  if (!Number.isInteger(jobs) || jobs < 1) {
    throw new RangeError(`Cannot use jobs ${jobs}: it is out of range, expected a number from 1`);
  }
  const isOffline = options.offline ?? false;
  const client = isOffline ? null : new RegistryClient(options.registry);
  const reader = client === null
    ? offlineReader(repository)
    : onlineReader(client, repository, options.allowForeignUrls ?? false);
  const directory = options.cache === undefined ? usableDefault(isOffline) : options.cache;
  const cache = openCache(directory, client);
  const queue = new TransferQueue(jobs);
  const blobs = new RegistryBlobs({
    reader,
    cache,
    queue,
    load: (descriptor, into, signal) => reader.blob(descriptor, into, signal),
    onProgress: options.onProgress,
    signal: options.signal,
  });
  let closing: Promise<void> | null = null;
  const close = async () => {
    await queue.close(new ImageError("IO", "Cannot go on loading the image: it was closed"));
    client?.close();
    cache.close();
    if (directory !== null) pruneQuietly(directory, options.cacheBytes ?? DEFAULT_CACHE_BYTES);
  };
  return {
    reader,
    cache,
    blobs,
    isOffline,
    stop: (reason) => void queue.close(reason),
    close: () => closing ??= close(),
  };
}

/** A default that cannot be used is none: the image is not kept then. */
function usableDefault(isOffline: boolean): string | null {
  const directory = defaultCacheDirectory();
  if (directory === null || isOffline) return directory;
  try {
    makeCacheDirectory(directory);
    return directory;
  } catch (error) {
    if (error instanceof ImageError && error.code === "PERMISSION") return null;
    throw error;
  }
}

function openCache(directory: string | null, client: RegistryClient | null): BlobCache {
  try {
    return directory === null ? openSpool() : new BlobCache(directory);
  } catch (error) {
    client?.close();
    throw error;
  }
}

/** The image has been read: that the cache cannot be tidied is no reason to fail. */
function pruneQuietly(directory: string, maxBytes: number): void {
  try {
    pruneCache(directory, maxBytes);
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
  }
}
