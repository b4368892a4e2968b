/**
 * The decoder of raw deflate streams for a runtime whose zlib has no synchronous handle: its public
 * stream, fed one piece at a time.
 *
 * @module
 */
import { createInflateRaw, type InflateRaw } from "node:zlib";
import type { BlobInput } from "../blob_input.ts";
import { malformed, truncated } from "./decompressor.ts";
import type { Inflater } from "./inflater.ts";

/** Bytes of one piece of output; measured best. */
const CHUNK_SIZE = 256 * 1024;

/** The slow decoder: the public stream. */
export class StreamInflater implements Inflater {
  /** See {@linkcode Inflater.isAtEnd}. */
  isAtEnd = false;
  #stream: InflateRaw | null = null;
  #error: Error | null = null;
  #hasEnded = false;
  // Bytes of the piece that the stream is working on, 0 for none; and what it had taken before.
  #pieceSize = 0;
  #takenBefore = 0;
  // Output that had no room.
  #rest: Uint8Array = new Uint8Array(0);
  #wake: () => void = () => {};

  /** See {@linkcode Inflater.reset}. */
  reset(): void {
    this.close();
    this.isAtEnd = false;
    this.#error = null;
    this.#hasEnded = false;
    this.#pieceSize = 0;
    this.#takenBefore = 0;
    const stream = createInflateRaw({ chunkSize: CHUNK_SIZE });
    stream.on("readable", () => this.#wake());
    stream.on("end", () => {
      this.#hasEnded = true;
      this.#wake();
    });
    stream.on("error", (error: Error) => {
      this.#error ??= error;
      this.#wake();
    });
    this.#stream = stream;
  }

  /** See {@linkcode Inflater.inflate}. */
  async inflate(input: BlobInput, into: Uint8Array): Promise<number> {
    const stream = this.#stream!;
    for (;;) {
      if (this.#rest.length > 0) return this.#give(into);
      const output: Uint8Array | null = stream.read();
      if (output !== null) {
        this.#rest = output;
        continue;
      }
      if (this.#error !== null) {
        throw malformed("gzip", input.position, this.#error.message, "deflate data", this.#error);
      }
      if (this.#hasEnded) {
        this.isAtEnd = true;
        return 0;
      }
      const awake = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      if (this.#pieceSize === 0) {
        if (!input.fill()) throw truncated("gzip", input.position);
        this.#write(stream, input);
      }
      await awake;
    }
  }

  /** See {@linkcode Inflater.close}. */
  close(): void {
    this.#stream?.destroy();
    this.#stream = null;
    this.#rest = new Uint8Array(0);
  }

  #write(stream: InflateRaw, input: BlobInput): void {
    this.#pieceSize = input.end - input.start;
    stream.write(input.bytes.subarray(input.start, input.end), () => {
      // Fewer bytes than it got: the deflate stream ended before them.
      const taken = stream.bytesWritten - this.#takenBefore;
      input.start += Math.min(taken, this.#pieceSize);
      this.#takenBefore = stream.bytesWritten;
      this.#pieceSize = 0;
      this.#wake();
    });
  }

  #give(into: Uint8Array): number {
    const count = Math.min(this.#rest.length, into.length);
    into.set(this.#rest.subarray(0, count));
    this.#rest = this.#rest.subarray(count);
    return count;
  }
}
