/**
 * Bytes between two objects of a splitstream. Their number stands before them, so all of them are
 * kept until the next object comes: in memory, and beyond that in a file.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { systemError } from "../../io/system_error.ts";
import { type ObjectStore, removeIfThere } from "../repository/object_store.ts";

/** Bytes that are kept in memory. */
const MOST_MEMORY = 4 * 1024 * 1024;
const FIRST_SIZE = 4096;
const READ_SIZE = 256 * 1024;

/** One run of bytes. */
export class InlineRun {
  readonly #store: ObjectStore;
  #memory: Uint8Array = new Uint8Array(FIRST_SIZE);
  #fill = 0;
  #fileBytes = 0;
  #file: Deno.FsFile | null = null;
  #path = "";

  /** Begins an empty run; what memory does not hold goes to a temporary file of `store`. */
  constructor(store: ObjectStore) {
    this.#store = store;
  }

  /** Bytes up to now. */
  get sizeBytes(): number {
    return this.#fileBytes + this.#fill;
  }

  /** All bytes, valid until the next call; `null` where not all of them are in memory. */
  get memory(): Uint8Array | null {
    return this.#file === null ? this.#memory.subarray(0, this.#fill) : null;
  }

  /** Begins an empty run in the same memory; for runs that are all in memory. */
  clear(): void {
    this.#fill = 0;
  }

  /** Adds bytes; the memory may be reused after the call. Throws `ImageError`. */
  append(bytes: Uint8Array): void {
    if (this.#fill + bytes.length > MOST_MEMORY) this.#spill();
    this.#memory = append(this.#memory, this.#fill, bytes);
    this.#fill += bytes.length;
  }

  /** All bytes in order, in pieces whose memory is reused. Throws `ImageError`. */
  *pieces(): Generator<Uint8Array> {
    if (this.#file !== null) {
      const piece = new Uint8Array(READ_SIZE);
      try {
        this.#file.seekSync(0, Deno.SeekMode.Start);
        for (let left = this.#fileBytes; left > 0;) {
          const count = this.#file.readSync(piece.subarray(0, Math.min(left, piece.length))) ?? 0;
          if (count === 0) throw this.#endedEarly(left);
          left -= count;
          yield piece.subarray(0, count);
        }
      } catch (error) {
        throw systemError(error, "read temporary file", this.#path);
      }
    }
    if (this.#fill > 0) yield this.#memory.subarray(0, this.#fill);
  }

  /** Gives memory and file back. */
  close(): void {
    this.#file?.close();
    this.#file = null;
    if (this.#path !== "") removeIfThere(this.#path);
    this.#memory = new Uint8Array(0);
  }

  #endedEarly(left: number): ImageError {
    return new ImageError(
      "IO",
      `Cannot read temporary file "${this.#path}": it ended, expected ${left} more bytes`,
      { where: { source: this.#path } },
    );
  }

  #spill(): void {
    try {
      if (this.#file === null) {
        this.#path = this.#store.temporaryPath();
        this.#file = Deno.openSync(this.#path, { read: true, write: true, createNew: true });
      }
      for (let done = 0; done < this.#fill;) {
        done += this.#file.writeSync(this.#memory.subarray(done, this.#fill));
      }
    } catch (error) {
      throw systemError(error, "write temporary file", this.#path);
    }
    this.#fileBytes += this.#fill;
    this.#fill = 0;
  }
}

/** Puts `bytes` behind the first `fill` of `memory`; answers that, or larger memory with all of it. */
export function append(memory: Uint8Array, fill: number, bytes: Uint8Array): Uint8Array {
  const needed = fill + bytes.length;
  let target = memory;
  if (needed > memory.length) {
    target = new Uint8Array(Math.max(needed, 2 * memory.length));
    target.set(memory.subarray(0, fill));
  }
  target.set(bytes, fill);
  return target;
}
