/**
 * The lines of a record of a tar, one after the other from its compressed file.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import type { Decompressor } from "../decompress/decompressor.ts";

/** Bytes of one read. */
const PIECE_SIZE = 64 * 1024;
/** No line is that long: it has in base64 what is around one file, with all of its attributes. */
const LONGEST_LINE = 16 * 1024 * 1024;
const LINE_FEED = 0x0a;

/** Splits what a decompressor gives into lines. */
export class RecordLines {
  readonly #source: Decompressor;
  readonly #name: string;
  // What was read and not yet given is `[start, end)`; up to `searched` no line ends.
  #buffer = new Uint8Array(PIECE_SIZE);
  #start = 0;
  #end = 0;
  #searched = 0;
  #isAtEnd = false;
  #count = 0;

  /** Reads `source`, which is not closed; `name` is for messages. */
  constructor(source: Decompressor, name: string) {
    this.#source = source;
    this.#name = name;
  }

  /** Lines that were given so far. */
  get count(): number {
    return this.#count;
  }

  /**
   * The next line without its end, valid until the next call; `null` behind the last. Throws, or
   * rejects with, `ImageError`.
   */
  next(): Uint8Array | null | Promise<Uint8Array | null> {
    for (;;) {
      const at = this.#buffer.subarray(0, this.#end).indexOf(LINE_FEED, this.#searched);
      if (at !== -1) return this.#take(at, at + 1);
      this.#searched = this.#end;
      if (this.#isAtEnd) return this.#start === this.#end ? null : this.#take(this.#end, this.#end);
      this.#makeRoom();
      const count = this.#source.pull(this.#buffer.subarray(this.#end));
      if (typeof count !== "number") {
        return count.then((later) => {
          this.#took(later);
          return this.next();
        });
      }
      this.#took(count);
    }
  }

  #take(end: number, next: number): Uint8Array {
    const line = this.#buffer.subarray(this.#start, end);
    this.#start = this.#searched = next;
    this.#count++;
    return line;
  }

  #took(count: number): void {
    this.#end += count;
    this.#isAtEnd = count === 0;
  }

  #makeRoom(): void {
    if (this.#end < this.#buffer.length) return;
    const rest = this.#buffer.subarray(this.#start, this.#end);
    if (rest.length >= LONGEST_LINE) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot read record of a tar "${this.#name}": line ${this.#count + 1} has at least ` +
          `${LONGEST_LINE} bytes, expected fewer`,
        { where: { source: this.#name } },
      );
    }
    if (this.#start > this.#buffer.length / 2) this.#buffer.copyWithin(0, this.#start, this.#end);
    else {
      const larger = new Uint8Array(2 * this.#buffer.length);
      larger.set(rest);
      this.#buffer = larger;
    }
    this.#start = 0;
    this.#end = this.#searched = rest.length;
  }
}
