/**
 * The files below a directory.
 *
 * @module
 */
import { realpathSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import { ImageError } from "../image_error.ts";
import { systemError } from "../io/system_error.ts";
import { quote } from "../oci/quote.ts";
import type { FileStore, StoredFile } from "./file_store.ts";
import { cleanStorePath } from "./store_path.ts";

/** Options of {@linkcode DirectoryStore}. */
export interface DirectoryStoreOptions {
  /**
   * Whether symbolic links may lead only to places inside the directory. Layouts of build caches
   * link their blobs to a store elsewhere, which is harmless where a digest protects every byte;
   * names that a document chose freely are another matter.
   */
  readonly confined: boolean;
}

/** A directory as a store. Symbolic links are followed. */
export class DirectoryStore implements FileStore {
  readonly name: string;
  readonly #confined: boolean;

  /** Creates the store of the directory at `path`, which is looked at only when files are. */
  constructor(path: string, options: DirectoryStoreOptions) {
    this.name = path;
    this.#confined = options.confined;
  }

  /** See {@linkcode FileStore.find}. */
  find(path: string): StoredFile | null {
    const full = join(this.name, cleanStorePath(path));
    try {
      const stat = statSync(full);
      if (!stat.isFile()) {
        throw new ImageError(
          "CORRUPT",
          `Cannot read file ${quote(full)}: it is no regular file, expected one`,
        );
      }
      if (this.#confined) this.#checkInside(full);
      return { location: { kind: "file", path: full, offset: 0 }, size: stat.size };
    } catch (cause) {
      const error = systemError(cause, "open", full);
      if (error instanceof ImageError && error.code === "NOT_FOUND") return null;
      throw error;
    }
  }

  /** Nothing to give back. */
  close(): void {}

  #checkInside(full: string): void {
    const root = realpathSync(this.name);
    const real = realpathSync(full);
    if (real.startsWith(root.endsWith(sep) ? root : root + sep)) return;
    throw new ImageError(
      "UNSAFE_PATH",
      `Cannot read file ${quote(full)}: it is a symbolic link to ${quote(real)}, expected a ` +
        "place inside the directory",
    );
  }
}
