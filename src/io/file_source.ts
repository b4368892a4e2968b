/**
 * A file or block device that is read at positions.
 *
 * @module
 */
import { ImageError } from "../image_error.ts";
import type { ByteSource } from "./byte_source.ts";
import { systemError } from "./system_error.ts";

/**
 * Opens a regular file or block device for reading.
 *
 * Throws `ImageError` `NOT_FOUND`, `PERMISSION` or `IO`, and `UNSUPPORTED` for a directory, a pipe
 * or anything else that cannot be read at positions. Reading throws `IO`.
 */
export function fileSource(path: string): ByteSource {
  let file: Deno.FsFile | null = null;
  try {
    // Looked at first: opening a named pipe would wait for its writer.
    const { isFile, isBlockDevice, isDirectory } = Deno.statSync(path);
    if (!isFile && !isBlockDevice) {
      throw new ImageError(
        "UNSUPPORTED",
        `Cannot read "${path}": it is ${isDirectory ? "a directory" : "no regular file"}, ` +
          "expected a file or block device",
        { where: { source: path } },
      );
    }
    file = Deno.openSync(path);
    // The size of a block device is known only by its end.
    return new FileSource(file, path, file.seekSync(0, Deno.SeekMode.End));
  } catch (error) {
    file?.close();
    throw systemError(error, "read", path);
  }
}

class FileSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #file: Deno.FsFile;
  #position: number;

  constructor(file: Deno.FsFile, name: string, size: number) {
    this.#file = file;
    this.name = name;
    this.size = size;
    this.#position = size;
  }

  read(into: Uint8Array, position: number): number {
    let done = 0;
    try {
      if (position !== this.#position) {
        this.#position = -1; // Unknown, should the seek fail.
        this.#file.seekSync(position, Deno.SeekMode.Start);
        this.#position = position;
      }
      while (done < into.length) {
        const count = this.#file.readSync(done === 0 ? into : into.subarray(done));
        if (count === null) break;
        done += count;
        this.#position += count;
      }
    } catch (error) {
      throw systemError(error, "read", this.name);
    }
    return done;
  }

  close(): void {
    this.#file.close();
  }
}
