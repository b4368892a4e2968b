/**
 * A sink that counts what is written.
 *
 * @module
 */
import type { ByteSink } from "../../io/byte_sink.ts";

/** Counts, and hands everything on. */
export class CountingSink implements ByteSink {
  readonly #sink: ByteSink;
  /** Bytes that were written. */
  writtenBytes: number = 0;

  /** Creates a sink in front of `sink`. */
  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  /** Writes all of `bytes` at `position`. */
  write(bytes: Uint8Array, position: number): void {
    this.writtenBytes += bytes.length;
    this.#sink.write(bytes, position);
  }

  /** Makes the output exactly `size` bytes long. */
  truncate(size: number): void {
    this.#sink.truncate(size);
  }
}
