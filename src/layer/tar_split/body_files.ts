/**
 * The files of an unpacked layer, by the names that its tar has for them. No symbolic link is
 * followed, wherever in a path it stands: the directory is as little to be trusted as any input.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../../bytes/byte_string.ts";
import { ImageError, type ImageErrorCode } from "../../image_error.ts";
import {
  type HostDirectory,
  type HostFile,
  type HostFiles,
  openHostFiles,
} from "../../io/host_files.ts";
import { cleanPath } from "../tar/entry_path.ts";

// sys/stat.h
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;
const S_IFDIR = 0o040000;

/** A directory that is open, and its name in the one before. */
interface OpenDirectory {
  readonly name: ByteString;
  readonly handle: HostDirectory;
}

/** Opens files below a directory. It must be closed. */
export class BodyFiles {
  readonly #files: HostFiles;
  // From the root to where the last file was: the next one is mostly beside it.
  readonly #open: OpenDirectory[] = [];

  /** Opens the directory at `path`. Throws `ImageError` `NOT_FOUND`, `PERMISSION` or `IO`. */
  constructor(path: string) {
    this.#files = openHostFiles();
    try {
      this.#open.push({ name: "", handle: this.#files.open(path) });
    } catch (error) {
      this.#files.close();
      throw error;
    }
  }

  /**
   * Opens the regular file `name` of `size` bytes. Throws `ImageError` `UNSAFE_PATH` where the name
   * or a symbolic link leads elsewhere, `NOT_FOUND`, `DIGEST_MISMATCH` where it is no such file,
   * `PERMISSION` or `IO`.
   */
  open(name: ByteString, size: number): HostFile {
    const path = cleanPath(name, "name of a file");
    const parts = path.split("/");
    const last = parts.pop()!;
    const directory = this.#directory(parts, path);
    // Looked at before it is opened: to open a device may do something.
    expectKind(directory, last, S_IFREG, path);
    const file = directory.file(last);
    try {
      const { mode, size: observed } = file.stat();
      if (kindOf(mode) !== S_IFREG) throw failure("DIGEST_MISMATCH", path, "no regular file");
      if (observed === size) return file;
      throw failure("DIGEST_MISMATCH", path, `${observed} bytes`, `${size}`);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Gives everything back. */
  close(): void {
    while (this.#open.length > 0) this.#open.pop()!.handle.close();
    this.#files.close();
  }

  /** The directory of the components `names`; as many as the last one has too are open. */
  #directory(names: readonly ByteString[], path: ByteString): HostDirectory {
    const open = this.#open;
    let depth = 0;
    while (depth < names.length && open[depth + 1]?.name === names[depth]) depth++;
    while (open.length > depth + 1) open.pop()!.handle.close();
    for (; depth < names.length; depth++) {
      const { handle } = open[depth];
      expectKind(handle, names[depth], S_IFDIR, path);
      open.push({ name: names[depth], handle: handle.directory(names[depth]) });
    }
    return open[depth].handle;
  }
}

function expectKind(
  directory: HostDirectory,
  name: ByteString,
  kind: number,
  path: ByteString,
): void {
  const stat = directory.stat(name);
  if (stat === null) throw failure("NOT_FOUND", path, "nothing");
  const observed = kindOf(stat.mode);
  if (observed === kind) return;
  if (observed === S_IFLNK) {
    const link = displayByteString(name);
    throw failure("UNSAFE_PATH", path, `the symbolic link "${link}" in its path`);
  }
  throw failure("DIGEST_MISMATCH", path, kind === S_IFREG ? "no regular file" : "no directory");
}

function kindOf(mode: number): number {
  return mode & S_IFMT;
}

function failure(
  code: ImageErrorCode,
  path: ByteString,
  observed: string,
  expected = "the file that was in the tar",
): ImageError {
  return new ImageError(
    code,
    `Cannot find file "${displayByteString(path)}" of an unpacked layer: there is ${observed}, ` +
      `expected ${expected}`,
    { where: { path: displayByteString(path) } },
  );
}
