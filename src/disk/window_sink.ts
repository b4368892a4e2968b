/**
 * A part of an output as an output of its own.
 *
 * @module
 */
import type { ByteSink } from "../io/byte_sink.ts";
import { WrittenRanges } from "../io/written_ranges.ts";

/** Ranges are kept in units of this, so that their number is bounded by the size of the output. */
const RANGE_UNIT = 64 * 1024;

/** What is at `start` of `sink` and behind; knows where bytes were written. */
export class WindowSink implements ByteSink {
  readonly #sink: ByteSink;
  readonly #start: number;
  /** Reads back; absent where `sink` does not. */
  readonly read?: (into: Uint8Array, position: number) => void;
  /** What was written, rounded up to larger units; the rest is zeros. */
  readonly written = new WrittenRanges();
  /** Bytes that were written. */
  writtenBytes = 0;

  /** Creates a window that begins at `start`, bytes from the start of `sink`. */
  constructor(sink: ByteSink, start: number) {
    this.#sink = sink;
    this.#start = start;
    if (sink.read !== undefined) {
      this.read = (into, position) => sink.read!(into, start + position);
    }
  }

  /** Writes all of `bytes` at `position` of the window. */
  write(bytes: Uint8Array, position: number): void {
    const end = position + bytes.length;
    this.written.add(
      Math.floor(position / RANGE_UNIT) * RANGE_UNIT,
      Math.ceil(end / RANGE_UNIT) * RANGE_UNIT,
    );
    this.writtenBytes += bytes.length;
    this.#sink.write(bytes, this.#start + position);
  }

  /** Makes the window `size` bytes long, and the output end with it. */
  truncate(size: number): void {
    this.written.cut(Math.ceil(size / RANGE_UNIT) * RANGE_UNIT);
    this.#sink.truncate(this.#start + size);
  }
}
