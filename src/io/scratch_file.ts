/**
 * A temporary file without a name: it is gone when its process is, however that ends.
 *
 * @module
 */
import { tmpdir } from "node:os";
import { systemError } from "./system_error.ts";

/** An open file that nobody else can find. */
export class ScratchFile {
  readonly #file: Deno.FsFile;
  readonly #directory: string;
  /** Where it is, on systems that remove no open file; else `null`. */
  readonly #path: string | null;
  #position = 0;

  private constructor(file: Deno.FsFile, directory: string, path: string | null) {
    this.#file = file;
    this.#directory = directory;
    this.#path = path;
  }

  /**
   * Makes one in `directory`, or where the system keeps temporary files (`TMPDIR`). Throws
   * `ImageError` `PERMISSION`, `NOT_FOUND`, `OUT_OF_SPACE` or `IO`.
   */
  static open(directory: string = tmpdir()): ScratchFile {
    try {
      const path = Deno.makeTempFileSync({
        dir: directory,
        prefix: ".oci2rootfs-",
        suffix: ".tmp",
      });
      const file = Deno.openSync(path, { read: true, write: true });
      return new ScratchFile(file, directory, removeIfPossible(path) ? null : path);
    } catch (error) {
      throw systemError(error, "make temporary file in", directory);
    }
  }

  /** Writes all of `bytes` at `position`; throws `ImageError` `OUT_OF_SPACE` or `IO`. */
  write(bytes: Uint8Array, position: number): void {
    this.#attempt("write", () => {
      this.#seek(position);
      for (let done = 0; done < bytes.length;) {
        const count = this.#file.writeSync(done === 0 ? bytes : bytes.subarray(done));
        this.#position += count;
        done += count;
      }
    });
  }

  /** Fills `into` from `position`; answers how many bytes there were: fewer only at the end. */
  read(into: Uint8Array, position: number): number {
    return this.#attempt("read", () => {
      this.#seek(position);
      let done = 0;
      while (done < into.length) {
        const count = this.#file.readSync(done === 0 ? into : into.subarray(done));
        if (count === null) break;
        this.#position += count;
        done += count;
      }
      return done;
    });
  }

  /** Gives it up; its bytes are gone. */
  close(): void {
    this.#file.close();
    if (this.#path !== null) removeIfPossible(this.#path);
  }

  #seek(position: number): void {
    if (position === this.#position) return;
    this.#position = -1; // Unknown, should the seek fail.
    this.#file.seekSync(position, Deno.SeekMode.Start);
    this.#position = position;
  }

  #attempt<T>(verb: string, action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw systemError(error, `${verb} temporary file in`, this.#directory);
    }
  }
}

function removeIfPossible(path: string): boolean {
  try {
    Deno.removeSync(path);
    return true;
  } catch {
    return false;
  }
}
