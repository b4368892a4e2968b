/**
 * Caches with blobs in them, for tests.
 *
 * @module
 */
import type { Descriptor } from "../../oci/descriptor.ts";
import { digestOf } from "../../oci/digest.ts";
import { BlobCache } from "./blob_cache.ts";

/** The descriptor of some bytes. */
export function descriptorOf(bytes: Uint8Array, changes: Partial<Descriptor> = {}): Descriptor {
  return {
    mediaType: "application/octet-stream",
    digest: digestOf(bytes),
    size: bytes.length,
    urls: [],
    annotations: {},
    data: null,
    platform: null,
    artifactType: "",
    ...changes,
  };
}

/** Bytes that are told from others by `seed`. */
export function someBytes(size: number, seed = 1): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(
    { length: size },
    (_, i) => (Math.imul(i + seed, 2654435761) >>> 24) & 255,
  );
}

/** Calls `use` with an empty cache in a new directory, which is removed afterwards. */
export async function withCache(
  use: (cache: BlobCache, directory: string) => void | Promise<void>,
): Promise<void> {
  const directory = Deno.makeTempDirSync({ prefix: "blob_cache_" });
  const cache = new BlobCache(directory);
  try {
    await use(cache, directory);
  } finally {
    cache.close();
    Deno.removeSync(directory, { recursive: true });
  }
}

/** All files below a directory, relative and sorted. */
export function filesBelow(directory: string): string[] {
  const found: string[] = [];
  const visit = (path: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(`${directory}/${path}`)) {
      if (isDirectory) visit(`${path}${name}/`);
      else found.push(`${path}${name}`);
    }
  };
  visit("");
  return found.sort();
}
