/**
 * Writing at positions of an open file.
 *
 * @module
 */
import { systemError } from "./system_error.ts";

/** An open file that remembers its position, so that writes in order need no seek. */
export class PositionalFile {
  readonly #file: Deno.FsFile;
  readonly #name: string;
  #position = 0;

  /** Takes over `file`, which stands at position 0; `name` is for messages. */
  constructor(file: Deno.FsFile, name: string) {
    this.#file = file;
    this.#name = name;
  }

  /** Writes all of `bytes` at `position`; throws `ImageError` `OUT_OF_SPACE`, `LIMIT_EXCEEDED` or `IO`. */
  write(bytes: Uint8Array, position: number): void {
    try {
      if (position !== this.#position) {
        this.#position = -1; // Unknown, should the seek fail.
        this.#file.seekSync(position, Deno.SeekMode.Start);
        this.#position = position;
      }
      for (let done = 0; done < bytes.length;) {
        const count = this.#file.writeSync(done === 0 ? bytes : bytes.subarray(done));
        this.#position += count;
        done += count;
      }
    } catch (error) {
      throw systemError(error, "write output", this.#name);
    }
  }

  /** Makes the file `size` bytes long; new bytes are a hole. */
  truncate(size: number): void {
    try {
      this.#file.truncateSync(size);
    } catch (error) {
      throw systemError(error, "resize output", this.#name);
    }
  }

  /** Waits until everything is on the disk. */
  sync(): void {
    try {
      this.#file.syncSync();
    } catch (error) {
      throw systemError(error, "write output", this.#name);
    }
  }

  /** Gives the file back, and its lock with it. */
  close(): void {
    this.#file.close();
  }
}
