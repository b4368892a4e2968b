/**
 * The last bytes of files, which stand behind their inodes: kept until the inodes are written.
 *
 * @module
 */
import { Spool } from "../spool.ts";

/** Bytes that are read back at once. */
const WINDOW_SIZE = 256 * 1024;

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
      this.#windowStart = position;
      this.#windowSize = Math.min(WINDOW_SIZE, this.#size - position);
      this.#spool.read(this.#window.subarray(0, this.#windowSize), position);
    }
    const at = position - this.#windowStart;
    into.set(this.#window.subarray(at, at + into.length));
  }

  /** Deletes the temporary file. */
  close(): void {
    this.#spool.close();
  }
}
