/**
 * Decoders of raw deflate streams: the runtime's, called synchronously or as a stream.
 *
 * Spec: RFC 1951.
 *
 * @module
 */
import { createInflateRaw, deflateRawSync } from "node:zlib";
import type { BlobInput } from "../blob_input.ts";
import { malformed, truncated } from "./decompressor.ts";
import { NativeHandle } from "./native_handle.ts";

/** Decodes one deflate stream after another. */
export interface Inflater {
  /** `true` when the stream ended: the input stands on the byte behind it. */
  readonly isAtEnd: boolean;
  /** Begins a new stream. */
  reset(): void;
  /**
   * Fills `into` from its start with what comes next and answers how many bytes it was; 0 only where
   * the stream has ended. Throws `ImageError` `CORRUPT` where it is malformed or cut off.
   */
  inflate(input: BlobInput, into: Uint8Array): number | Promise<number>;
  /** Gives memory back. */
  close(): void;
}

/** The fast decoder: the synchronous handle of the runtime. */
export class NativeInflater implements Inflater {
  /** See {@linkcode Inflater.isAtEnd}. */
  isAtEnd = false;
  readonly #handle: NativeHandle;

  private constructor(handle: NativeHandle) {
    this.#handle = handle;
  }

  /** Creates one, or answers `null` where this runtime has no such handle that works. */
  static create(): NativeInflater | null {
    const handle = NativeHandle.of(createInflateRaw());
    if (handle === null) return null;
    try {
      if (passesSelfTest(handle)) {
        handle.reset();
        return new NativeInflater(handle);
      }
    } catch {
      // A handle of another form: the stream will do.
    }
    handle.close();
    return null;
  }

  /** See {@linkcode Inflater.reset}. */
  reset(): void {
    this.isAtEnd = false;
    this.#handle.reset();
  }

  /** See {@linkcode Inflater.inflate}. */
  inflate(input: BlobInput, into: Uint8Array): number {
    const handle = this.#handle;
    let filled = 0;
    while (filled < into.length) {
      if (!input.fill()) throw truncated("gzip", input.position);
      const message = handle.step(input.bytes, input.start, input.end, into, filled);
      input.start += handle.consumed;
      filled += handle.produced;
      if (message !== null) throw malformed("gzip", input.position, message, "deflate data");
      // The decoder stops before the end of its input only where the stream ends there, unless its
      // output is full; and it makes nothing of neither only behind the end.
      const hasStopped = input.start < input.end && filled < into.length;
      if (hasStopped || (handle.consumed === 0 && handle.produced === 0)) {
        this.isAtEnd = true;
        break;
      }
    }
    return filled;
  }

  /** See {@linkcode Inflater.close}. */
  close(): void {
    this.#handle.close();
  }
}

/** Decodes two known streams and a broken one, the way that {@linkcode NativeInflater} does. */
function passesSelfTest(handle: NativeHandle): boolean {
  const text = new Uint8Array(100).map((_, i) => i % 10);
  const stream = deflateRawSync(text);
  const input = new Uint8Array(stream.length + 8);
  input.set(stream);
  const output = new Uint8Array(200);
  for (let round = 0; round < 2; round++) {
    handle.reset();
    output.fill(0xff);
    if (handle.step(input, 0, input.length, output, 10) !== null) return false;
    if (handle.consumed !== stream.length || handle.produced !== text.length) return false;
    if (output[9] !== 0xff || output[110] !== 0xff) return false;
    for (let i = 0; i < text.length; i++) if (output[10 + i] !== text[i]) return false;
  }
  handle.reset();
  // Block type 3 does not exist.
  return handle.step(Uint8Array.of(0x07), 0, 1, output, 0) !== null;
}
