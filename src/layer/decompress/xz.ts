/**
 * xz, by `xz-decompress` (WebAssembly behind a web stream): a slow path for rare layers. It reads
 * streams one after another, and the padding between them.
 *
 * @module
 */
import * as xzPackage from "xz-decompress";
import { ImageError } from "../../image_error.ts";
import type { BlobInput } from "../blob_input.ts";
import { type Decompressor, malformed, truncated } from "./decompressor.ts";

// The package is CommonJS, whose exports a loader may show as one default; its types do not say so.
const { XzReadableStream } = (xzPackage as unknown as { default?: typeof xzPackage }).default ??
  xzPackage;

/** Decompresses xz. */
export class XzDecompressor implements Decompressor {
  readonly #input: BlobInput;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #isFed = false;
  #isDone = false;
  #rest: Uint8Array = new Uint8Array(0);

  /** Reads from `input`, whose next byte is the first of a stream. */
  constructor(input: BlobInput) {
    this.#input = input;
    const source = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        if (input.fill()) {
          controller.enqueue(input.bytes.subarray(input.start, input.end));
          input.start = input.end;
        } else {
          this.#isFed = true;
          controller.close();
        }
      },
    }, { highWaterMark: 0 });
    this.#reader = new XzReadableStream(source).getReader();
  }

  /** See {@linkcode Decompressor.pull}. */
  async pull(into: Uint8Array): Promise<number> {
    while (this.#rest.length === 0) {
      if (this.#isDone) return 0;
      try {
        const { done, value } = await this.#reader.read();
        if (done) this.#isDone = true;
        else this.#rest = value;
      } catch (error) {
        this.#isDone = true;
        throw this.#explained(error);
      }
    }
    const count = Math.min(this.#rest.length, into.length);
    into.set(this.#rest.subarray(0, count));
    this.#rest = this.#rest.subarray(count);
    return count;
  }

  /** See {@linkcode Decompressor.close}. */
  close(): void {
    // The package lets one stream be begun at a time: an unfinished one must be given up. Of one
    // that has ended or failed it took leave itself.
    if (!this.#isDone) this.#reader.cancel().catch(() => {});
    this.#isDone = true;
  }

  #explained(error: unknown): unknown {
    if (error instanceof ImageError || !(error instanceof Error)) return error;
    const position = this.#input.position;
    // Codes of the decoder: 2 and 6 mean options that it does not know, 3 and 4 too little memory.
    const code = /error code (\d+)/.exec(error.message)?.[1];
    if (code === "2" || code === "6") {
      return new ImageError(
        "UNSUPPORTED",
        `Cannot decompress xz data at byte ${position} of the blob: it uses an unknown filter or ` +
          "check, expected LZMA2 with CRC-32 or CRC-64",
        { cause: error },
      );
    }
    if (code === "3" || code === "4") {
      return new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot decompress xz data at byte ${position} of the blob: its dictionary is too large ` +
          "for the decoder, expected a smaller one",
        { cause: error },
      );
    }
    // 8: no progress, which at the end of the blob means that something is missing.
    if (code === "8" && this.#isFed) return truncated("xz", position);
    return malformed("xz", position, "the data is broken", "xz data", error);
  }
}
