/**
 * The chunks of a splitstream, from its uncompressed bytes.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import type { ObjectId } from "../repository/object_id.ts";

/** Receives the chunks of a stream in order. A promise is waited for. */
export interface ChunkVisitor {
  /** The next bytes; their memory is reused after the call, or after its promise. */
  inline(bytes: Uint8Array): void | Promise<void>;
  /** All bytes of an object come next. */
  object(id: ObjectId): void | Promise<void>;
}

const NUMBER_SIZE = 8;

/** Takes the bytes of a stream in pieces of any size. */
export class ChunkParser {
  readonly #objectCount: number;
  readonly #sizeBytes: number;
  readonly #visitor: ChunkVisitor;
  readonly #objectOf: (index: number) => ObjectId;
  readonly #number = new Uint8Array(NUMBER_SIZE);
  readonly #view = new DataView(this.#number.buffer);
  #numberFill = 0;
  #inlineLeft = 0;
  #inlineBytes = 0;

  /** Reads a stream of `sizeBytes` with references to `objectCount` objects. */
  constructor(
    objectCount: number,
    sizeBytes: number,
    visitor: ChunkVisitor,
    objectOf: (index: number) => ObjectId,
  ) {
    this.#objectCount = objectCount;
    this.#sizeBytes = sizeBytes;
    this.#visitor = visitor;
    this.#objectOf = objectOf;
  }

  /** Takes the next bytes; resolves, where it answers a promise, when the visitor has taken them. */
  push(bytes: Uint8Array): void | Promise<void> {
    return this.#push(bytes, 0);
  }

  /** The stream is complete. Throws `ImageError` `CORRUPT` where it ended inside a chunk. */
  finish(): void {
    if (this.#numberFill === 0 && this.#inlineLeft === 0) return;
    throw new ImageError(
      "CORRUPT",
      "Cannot read stream: it ended inside a chunk, expected the rest",
    );
  }

  #push(bytes: Uint8Array, start: number): void | Promise<void> {
    let at = start;
    while (at < bytes.length) {
      let pending: void | Promise<void> = undefined;
      if (this.#inlineLeft > 0) {
        const count = Math.min(this.#inlineLeft, bytes.length - at);
        this.#inlineLeft -= count;
        pending = this.#visitor.inline(bytes.subarray(at, at + count));
        at += count;
      } else {
        const count = Math.min(NUMBER_SIZE - this.#numberFill, bytes.length - at);
        this.#number.set(bytes.subarray(at, at + count), this.#numberFill);
        this.#numberFill += count;
        at += count;
        if (this.#numberFill === NUMBER_SIZE) pending = this.#begin();
      }
      if (pending !== undefined) {
        const next = at;
        return pending.then(() => this.#push(bytes, next));
      }
    }
  }

  #begin(): void | Promise<void> {
    this.#numberFill = 0;
    const number = this.#view.getBigInt64(0, true);
    if (number < 0n) {
      const size = Number(-number);
      this.#inlineBytes += size;
      if (this.#inlineBytes > this.#sizeBytes) {
        throw new ImageError(
          "CORRUPT",
          `Cannot read stream: its chunks have ${this.#inlineBytes} bytes or more, expected ` +
            `${this.#sizeBytes}`,
        );
      }
      this.#inlineLeft = size;
      return;
    }
    if (number >= BigInt(this.#objectCount)) {
      throw new ImageError(
        "CORRUPT",
        `Cannot read stream: a chunk is object ${number}, expected a number below ` +
          `${this.#objectCount}`,
      );
    }
    return this.#visitor.object(this.#objectOf(Number(number)));
  }
}
