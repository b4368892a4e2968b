/**
 * A part of a source as a source of its own.
 *
 * @module
 */
import type { ByteSource } from "../io/byte_source.ts";

/** The `size` bytes of `source` from `start` on; closes it with itself. */
export function windowSource(source: ByteSource, start: number, size: number): ByteSource {
  return {
    name: source.name,
    size,
    read(into, position) {
      const wanted = into.subarray(0, Math.max(0, Math.min(into.length, size - position)));
      return wanted.length === 0 ? 0 : source.read(wanted, start + position);
    },
    close: () => source.close(),
  };
}
