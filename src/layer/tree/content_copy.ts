/**
 * The bytes of one file of a tree, a piece at a time, holes as holes.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import type { ContentReader } from "../../tree/content_reader.ts";
import type { FileReceiver } from "../directory/file_copy.ts";

/** Copies one file. */
export class ContentCopy<C> {
  readonly #reader: ContentReader<C>;
  readonly #content: C | null;
  readonly #size: number;
  #position = 0;

  /** `size` (> 0) bytes of `content`; a file whose reader gave it none is one hole. */
  constructor(reader: ContentReader<C>, content: C | null, size: number) {
    this.#reader = reader;
    this.#content = content;
    this.#size = size;
  }

  /** Whether all bytes were copied. */
  get isComplete(): boolean {
    return this.#position === this.#size;
  }

  /** Copies the next piece through `buffer` and answers its bytes. Throws `ImageError`. */
  next(buffer: Uint8Array<ArrayBuffer>, receiver: FileReceiver): number {
    const start = this.#position;
    const data = Math.min(this.#size, this.#seekData(start));
    if (data > start) {
      receiver.skip(data - start);
      this.#position = data;
      return data - start;
    }
    const wanted = Math.min(buffer.length, this.#size - start);
    const piece = wanted === buffer.length ? buffer : buffer.subarray(0, wanted);
    const count = this.#reader.read(this.#content!, piece, start);
    if (count !== wanted) {
      throw new ImageError(
        "CORRUPT",
        `Cannot read file: ${start + count} bytes are there, expected ${this.#size}`,
      );
    }
    receiver.write(piece);
    this.#position += count;
    return count;
  }

  #seekData(position: number): number {
    return this.#content === null ? Infinity : this.#reader.seekData(this.#content, position);
  }
}
