/**
 * The last bytes of files, which stand behind their inodes: kept until the inodes are written.
 *
 * @module
 */
import { Spool } from "../spool.ts";

/** Bytes that are read back at once, and how many of them are in front of those that are needed. */
const WINDOW_SIZE = 512 * 1024;
const WINDOW_BEFORE = 128 * 1024;

/** Tails in the order in which they came; all but the last are in a temporary file. */
export class TailStore {
  readonly #spool: Spool;
  readonly #window = new Uint8Array(WINDOW_SIZE);
  #windowStart = 0;
  #windowSize = 0;
  #size = 0;

  /** Begins; a temporary file goes to `directory`, or where temporary files are. */
  constructor(directory?: string) {
    this.#spool = new Spool(directory);
  }

  /** Keeps the bytes of a tail, and answers their position. */
  add(bytes: Uint8Array): number {
    const file = this.#spool.beginFile(bytes.length);
    file.write(bytes);
    this.#size += bytes.length;
    return file.end().position;
  }

  /** Fills `into` with the tail at `position`; no tail may be added afterwards. */
  read(into: Uint8Array, position: number): void {
    const windowEnd = this.#windowStart + this.#windowSize;
    if (position < this.#windowStart || position + into.length > windowEnd) {
      this.#windowStart = Math.max(0, position - WINDOW_BEFORE);
      this.#windowSize = Math.min(WINDOW_SIZE, this.#size - this.#windowStart);
      this.#spool.read(this.#window.subarray(0, this.#windowSize), this.#windowStart);
    }
    const at = position - this.#windowStart;
    into.set(this.#window.subarray(at, at + into.length));
  }

  /** Deletes the temporary file. */
  close(): void {
    this.#spool.close();
  }
}
