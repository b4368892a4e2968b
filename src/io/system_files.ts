/**
 * What the kernel says in `/proc` and `/sys`. The runtime shows that to programs with all rights only;
 * for others the C library reads it, where that can be called.
 *
 * @module
 */
import { basename, dirname } from "node:path";
import { type ByteString, utf8ByteString } from "../bytes/byte_string.ts";
import { ImageError } from "../image_error.ts";
import { type HostDirectory, type HostFile, type HostFiles, openHostFiles } from "./host_files.ts";

const PIECE_SIZE = 64 * 1024;

/** Texts and directories of the kernel. It must be closed, as by `using`. */
export class SystemFiles implements Disposable {
  #files: HostFiles | null = null;

  /** The text at `path`; `null` where nothing is there, or nothing that may be read. */
  text(path: string): string | null {
    try {
      return Deno.readTextFileSync(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotCapable)) return null;
    }
    return orNull(() => {
      const directory = this.#open(dirname(path));
      try {
        return textOf(directory.file(utf8ByteString(basename(path))));
      } finally {
        directory.close();
      }
    });
  }

  /** The names in the directory `path`; none where it is not there, or may not be read. */
  names(path: string): ByteString[] {
    const names = orNull(() => {
      const directory = this.#open(path);
      try {
        return directory.names();
      } finally {
        directory.close();
      }
    });
    return names ?? [];
  }

  /** Gives the C library back. */
  [Symbol.dispose](): void {
    this.#files?.close();
  }

  #open(path: string): HostDirectory {
    this.#files ??= openHostFiles();
    return this.#files.open(path);
  }
}

/** All of a file whose size nobody knows before. */
function textOf(file: HostFile): string {
  try {
    const decoder = new TextDecoder();
    const piece = new Uint8Array(PIECE_SIZE);
    let text = "";
    for (let position = 0, count = piece.length; count === piece.length; position += count) {
      count = file.read(piece, position);
      text += decoder.decode(piece.subarray(0, count), { stream: true });
    }
    return text + decoder.decode();
  } finally {
    file.close();
  }
}

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof ImageError) return null;
    throw error;
  }
}
