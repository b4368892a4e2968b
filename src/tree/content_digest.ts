/**
 * The digest of a file's bytes.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { ContentReader } from "./content_reader.ts";

const CHUNK_SIZE = 256 * 1024;

/** Hexadecimal SHA-256 of the first `size` bytes of a content; holes count as zeros. */
export function contentDigest<C>(reader: ContentReader<C>, content: C, size: number): string {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(Math.min(size, CHUNK_SIZE));
  for (let position = 0; position < size; position += buffer.length) {
    const piece = buffer.subarray(0, Math.min(buffer.length, size - position));
    const count = reader.read(content, piece, position);
    hash.update(piece.subarray(0, count));
    if (count < piece.length) break;
  }
  return hash.digest("hex");
}
