/**
 * Reads a whole cache and compares every blob with its digest.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { fileSource } from "../../io/file_source.ts";
import { ImageError } from "../../image_error.ts";
import { parseDigest } from "../../oci/digest.ts";
import { type CacheEntry, listEntries } from "./cache_contents.ts";
import { removeIfThere } from "./partial_blob.ts";

/** What verifying found. */
export interface CacheVerification {
  /** Blobs that were read. */
  readonly verifiedCount: number;
  /** Bytes of them. */
  readonly verifiedBytes: number;
  /** Blobs whose bytes were wrong; they were removed. */
  readonly damaged: readonly CacheEntry[];
}

const PIECE_BYTES = 256 * 1024;
const TURN_BYTES = 4 * 1024 * 1024;

/**
 * Compares every complete blob with its digest and removes those that differ.
 *
 * Rejects with `ImageError` `PERMISSION` or `IO`, or with the signal's reason.
 */
export async function verifyCache(
  directory: string,
  signal?: AbortSignal,
): Promise<CacheVerification> {
  const damaged: CacheEntry[] = [];
  let verifiedCount = 0;
  let verifiedBytes = 0;
  for (const entry of listEntries(directory)) {
    if (entry.kind !== "blob") continue;
    try {
      if (!await hasItsDigest(entry, signal)) {
        damaged.push(entry);
        removeIfThere(entry.path);
      }
      verifiedCount++;
      verifiedBytes += entry.sizeBytes;
    } catch (error) {
      // Pruned meanwhile.
      if (!(error instanceof ImageError) || error.code !== "NOT_FOUND") throw error;
    }
  }
  return { verifiedCount, verifiedBytes, damaged };
}

async function hasItsDigest(entry: CacheEntry, signal?: AbortSignal): Promise<boolean> {
  const [algorithm, hex] = entry.digest.split(":");
  if (!isDigest(entry.digest)) return false;
  const source = fileSource(entry.path);
  try {
    const hash = createHash(algorithm);
    const piece = new Uint8Array(PIECE_BYTES);
    for (let position = 0, count = piece.length; count === piece.length; position += count) {
      count = source.read(piece, position);
      hash.update(piece.subarray(0, count));
      if (position % TURN_BYTES === 0) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        signal?.throwIfAborted();
      }
    }
    return hash.digest("hex") === hex;
  } finally {
    source.close();
  }
}

function isDigest(text: string): boolean {
  try {
    parseDigest(text);
    return true;
  } catch {
    return false;
  }
}
