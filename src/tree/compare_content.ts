/**
 * Where the bytes of two files differ first.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { ContentReader } from "./content_reader.ts";

/** The first byte that two files do not share. */
export interface ContentDifference {
  /** Position in the files. */
  readonly position: number;
  /** Byte of the first file there, `null` where it ends. */
  readonly a: number | null;
  /** Byte of the second file there, `null` where it ends. */
  readonly b: number | null;
}

const CHUNK_SIZE = 256 * 1024;

/**
 * Compares `size` bytes and answers the first difference, `null` where there is none.
 * What is a hole in both files is not read. Both files should have `size` bytes: one that ends
 * early differs there. Yields `null` now and then, so that the caller can stop.
 */
export function* firstDifference<A, B>(
  readerA: ContentReader<A>,
  contentA: A,
  readerB: ContentReader<B>,
  contentB: B,
  size: number,
): Generator<null, ContentDifference | null> {
  const bufferA = new Uint8Array(Math.min(size, CHUNK_SIZE));
  const bufferB = new Uint8Array(bufferA.length);
  let position = 0;
  while (position < size) {
    position = Math.min(
      readerA.seekData(contentA, position),
      readerB.seekData(contentB, position),
    );
    if (position >= size) break;
    const chunkSize = Math.min(bufferA.length, size - position);
    const countA = readerA.read(contentA, bufferA.subarray(0, chunkSize), position);
    const countB = readerB.read(contentB, bufferB.subarray(0, chunkSize), position);
    const a = bufferA.subarray(0, countA);
    const b = bufferB.subarray(0, countB);
    if (Buffer.compare(a, b) !== 0) {
      let index = 0;
      while (index < countA && index < countB && a[index] === b[index]) index++;
      return {
        position: position + index,
        a: index < countA ? a[index] : null,
        b: index < countB ? b[index] : null,
      };
    }
    // Both end here, which is before `size`.
    if (countA < chunkSize) return { position: position + countA, a: null, b: null };
    position += chunkSize;
    if (position < size) yield null;
  }
  return null;
}
