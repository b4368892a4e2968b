/**
 * The bytes of an image in order, on their way to a sink and through the digest.
 *
 * @module
 */
import type { ByteSink } from "../../io/byte_sink.ts";
import type { VerityDigester } from "../../fsverity/verity_digest.ts";

const STAGE_SIZE = 512 * 1024;

/** Collects small pieces. What is not set in a piece is zero. */
export class ImageOutput {
  readonly #sink: ByteSink;
  readonly #digester: VerityDigester;
  #bytes = new Uint8Array(STAGE_SIZE);
  #view = new DataView(this.#bytes.buffer);
  // Where the collected bytes begin in the image, and how many they are.
  #start = 0;
  #fill = 0;

  /** Begins at the start of `sink`. */
  constructor(sink: ByteSink, digester: VerityDigester) {
    this.#sink = sink;
    this.#digester = digester;
  }

  /** Where the next piece will stand, in bytes from the start of the image. */
  get position(): number {
    return this.#start + this.#fill;
  }

  /** The bytes of the pieces; good until the next `take`. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** A view of `bytes`. */
  get view(): DataView {
    return this.#view;
  }

  /** Makes room for a piece of `size` bytes and answers where in `bytes` it stands. */
  take(size: number): number {
    if (this.#fill + size > this.#bytes.length) {
      this.flush();
      if (size > this.#bytes.length) {
        this.#bytes = new Uint8Array(size);
        this.#view = new DataView(this.#bytes.buffer);
      }
    }
    const at = this.#fill;
    this.#fill += size;
    return at;
  }

  /** Zeros up to `position` of the image, less than the stage. */
  padTo(position: number): void {
    this.take(position - this.position);
  }

  /** Hands over what was collected. */
  flush(): void {
    const bytes = this.#bytes.subarray(0, this.#fill);
    this.#digester.write(bytes);
    this.#sink.write(bytes, this.#start);
    this.#start += this.#fill;
    this.#fill = 0;
    bytes.fill(0);
  }
}
