/**
 * Writing at positions of an open file, and reading back what was written.
 *
 * @module
 */
import { systemError } from "./system_error.ts";

/** An open file that remembers its position, so that writes in order need no seek. */
export class PositionalFile {
  readonly #file: Deno.FsFile;
  readonly #name: string;
  readonly #path: string;
  #reader: Deno.FsFile | null = null;
  #position = 0;

  /**
   * Takes over `file`, which stands at position 0 and may be open for writing only; `name` is for
   * messages, `path` where to open it once more for reading, where that is not `name`.
   */
  constructor(file: Deno.FsFile, name: string, path = name) {
    this.#file = file;
    this.#name = name;
    this.#path = path;
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

  /**
   * Fills `into` from `position`, with zeros behind the end of the file. Reading may be forbidden
   * where writing is not, so the file is opened for it only when it is asked for.
   */
  read(into: Uint8Array, position: number): void {
    try {
      this.#reader ??= Deno.openSync(this.#path, { read: true });
      this.#reader.seekSync(position, Deno.SeekMode.Start);
      for (let done = 0; done < into.length;) {
        const count = this.#reader.readSync(done === 0 ? into : into.subarray(done));
        if (count === null) {
          into.fill(0, done);
          break;
        }
        done += count;
      }
    } catch (error) {
      throw systemError(error, "read back output", this.#name);
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
    this.#reader?.close();
    this.#file.close();
  }
}
