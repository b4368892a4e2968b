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
  const steps = digestSteps(reader, content, size);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Like {@linkcode contentDigest}, and yields `null` now and then, so that the caller can stop. */
export function* digestSteps<C>(
  reader: ContentReader<C>,
  content: C,
  size: number,
): Generator<null, string> {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(Math.min(size, CHUNK_SIZE));
  for (let position = 0; position < size; position += buffer.length) {
    const piece = buffer.subarray(0, Math.min(buffer.length, size - position));
    const count = reader.read(content, piece, position);
    hash.update(piece.subarray(0, count));
    if (count < piece.length) break;
    if (position + piece.length < size) yield null;
  }
  return hash.digest("hex");
}
