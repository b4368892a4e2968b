/**
 * Bytes in memory, read like a file.
 *
 * @module
 */
import type { ByteSource } from "./byte_source.ts";

/** A source of the given bytes, which are not copied. */
export function memorySource(bytes: Uint8Array, name = "memory"): ByteSource {
  return {
    name,
    size: bytes.length,
    read(into, position) {
      const piece = bytes.subarray(position, position + into.length);
      into.set(piece);
      return piece.length;
    },
    close() {},
  };
}
