/**
 * The bytes of one file of a tree, a piece at a time, holes as holes.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import type { ContentReader } from "../../tree/content_reader.ts";
import { givePiece } from "../../tree/piece_holes.ts";
import { type FileBytes, type FileReceiver, HOLE_PIECE_SIZE } from "../step_reading.ts";

/** Copies one file. */
export class ContentCopy<C> implements FileBytes {
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

  /** See {@linkcode FileBytes.next}. */
  next(buffer: Uint8Array<ArrayBuffer>, receiver: FileReceiver): number {
    const start = this.#position;
    if (start === this.#size) return 0;
    const data = Math.min(this.#size, this.#seekData(start));
    if (data > start) {
      const count = Math.min(data - start, HOLE_PIECE_SIZE);
      receiver.skip(count);
      this.#position += count;
      return count;
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
    const given = givePiece(this.#reader, this.#content!, piece, start, receiver);
    this.#position += given;
    return given;
  }

  /** See {@linkcode FileBytes.close}; the reader belongs to whoever opened it. */
  close(): void {}

  #seekData(position: number): number {
    return this.#content === null ? Infinity : this.#reader.seekData(this.#content, position);
  }
}
