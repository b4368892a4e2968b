/**
 * The pull interface of all decompressors, and how a compression is recognised.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { BLOCK_SIZE, isTarHeader } from "../tar/tar_header.ts";
import type { Compression } from "../layer.ts";

/** Turns a blob into the bytes that were compressed. */
export interface Decompressor {
  /**
   * Fills `into` from its start with the next bytes and answers how many there are: at least 1, or
   * 0 at the end. Fast decoders answer at once, slow ones by a promise; no call before the last
   * one's answer. Throws, or rejects with, `ImageError` where the blob is malformed or ends early.
   */
  pull(into: Uint8Array): number | Promise<number>;
  /** Gives memory back; may be called at any time, more than once. */
  close(): void;
}

/** What the first bytes of a blob say of its compression; a tar header is always a tar. */
export function detectCompression(head: Uint8Array): Compression {
  if (head.length >= BLOCK_SIZE && isTarHeader(head, 0)) return "none";
  if (startsWith(head, [0x1f, 0x8b])) return "gzip";
  if (startsWith(head, [0x28, 0xb5, 0x2f, 0xfd])) return "zstd";
  // A skippable frame of zstd: 0x184D2A50 to 0x184D2A5F, little-endian.
  if (
    head.length >= 4 && (head[0] & 0xf0) === 0x50 &&
    startsWith(head.subarray(1), [0x2a, 0x4d, 0x18])
  ) {
    return "zstd";
  }
  if (startsWith(head, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])) return "xz";
  if (startsWith(head, [0x42, 0x5a, 0x68]) && head[3] >= 0x31 && head[3] <= 0x39) return "bzip2";
  return "none";
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}

/** The error for a blob that ends inside its compressed data; `position` is the blob's size. */
export function truncated(compression: Compression, position: number): ImageError {
  return new ImageError(
    "CORRUPT",
    `Cannot decompress ${compression} data: the blob ends at byte ${position}, ` +
      "expected the rest of the stream",
  );
}

/** The error for compressed data that breaks its format at byte `position` of the blob. */
export function malformed(
  compression: Compression,
  position: number,
  observed: string,
  expected: string,
  cause?: unknown,
): ImageError {
  return new ImageError(
    "CORRUPT",
    `Cannot decompress ${compression} data at byte ${position} of the blob: ${observed}, ` +
      `expected ${expected}`,
    { cause },
  );
}
