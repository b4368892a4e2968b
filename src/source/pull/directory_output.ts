/**
 * A layout as a directory: written beside its destination and renamed.
 *
 * @module
 */
import { basename, dirname, join, resolve } from "node:path";
import { ImageError } from "../../image_error.ts";
import { tryLock } from "../../io/file_lock.ts";
import { systemError } from "../../io/system_error.ts";
import type { NoticeListener } from "../../notice.ts";
import type { LayoutOutput } from "./layout_output.ts";

/** The lock of this file says that whoever writes the directory is alive. */
const LOCK_NAME = ".lock";

/**
 * Begins the directory at `path`, where nothing or an empty directory may be. Removes what killed
 * runs left of the same name.
 *
 * Throws `ImageError` `EXISTS`, `NOT_FOUND`, `PERMISSION`, `OUT_OF_SPACE` or `IO`.
 */
export function directoryOutput(path: string, onNotice?: NoticeListener): LayoutOutput {
  const destination = resolve(path);
  checkFree(path, destination);
  const stem = join(dirname(destination), `.${basename(destination)}.`);
  removeLeftovers(stem, onNotice);
  const partial = `${stem}${crypto.getRandomValues(new Uint8Array(8)).toHex()}.partial`;
  try {
    Deno.mkdirSync(partial);
    const lock = Deno.openSync(join(partial, LOCK_NAME), { write: true, createNew: true });
    tryLock(lock, "exclusive");
    return new DirectoryOutput(path, destination, partial, lock);
  } catch (error) {
    removeTree(partial);
    throw systemError(error, "make directory for", path);
  }
}

class DirectoryOutput implements LayoutOutput {
  readonly #path: string;
  readonly #destination: string;
  readonly #partial: string;
  readonly #lock: Deno.FsFile;
  #file: Deno.FsFile | null = null;
  #isOpen = true;

  constructor(path: string, destination: string, partial: string, lock: Deno.FsFile) {
    this.#path = path;
    this.#destination = destination;
    this.#partial = partial;
    this.#lock = lock;
  }

  begin(path: string, _sizeBytes: number): void {
    const full = join(this.#partial, path);
    this.#try(() => {
      Deno.mkdirSync(dirname(full), { recursive: true });
      this.#file = Deno.openSync(full, { write: true, createNew: true });
    });
  }

  write(bytes: Uint8Array): void {
    this.#try(() => {
      for (let done = 0; done < bytes.length;) {
        done += this.#file!.writeSync(bytes.subarray(done));
      }
    });
  }

  end(): void {
    this.#try(() => this.#file!.syncSync());
    this.#file!.close();
    this.#file = null;
  }

  commit(): void {
    this.#try(() => {
      Deno.removeSync(join(this.#partial, LOCK_NAME));
      // An empty directory gives way to a rename.
      Deno.renameSync(this.#partial, this.#destination);
    });
    this.#isOpen = false;
    this.#lock.close();
  }

  abort(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#file?.close();
    removeTree(this.#partial);
    this.#lock.close();
  }

  #try(action: () => void): void {
    try {
      action();
    } catch (error) {
      throw systemError(error, "write output", this.#path);
    }
  }
}

function checkFree(path: string, destination: string): void {
  let observed: string;
  try {
    const { isDirectory } = Deno.statSync(destination);
    if (isDirectory && [...Deno.readDirSync(destination)].length === 0) return;
    observed = isDirectory ? "it is a directory with files in it" : "it is no directory";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw systemError(error, "write output", path);
  }
  throw new ImageError(
    "EXISTS",
    `Cannot write output "${path}": ${observed}, expected nothing or an empty directory`,
    { where: { source: path } },
  );
}

function removeLeftovers(stem: string, onNotice?: NoticeListener): void {
  const parent = dirname(stem);
  for (const name of namesOrNone(parent)) {
    const directory = join(parent, name);
    const rest = directory.slice(stem.length);
    if (!directory.startsWith(stem) || !/^[0-9a-f]{16}\.partial$/.test(rest)) continue;
    if (!isAbandoned(directory)) continue;
    removeTree(directory);
    onNotice?.({
      code: "LEFTOVER_REMOVED",
      message: `Removed "${directory}", an unfinished output of an earlier run`,
      where: { source: directory },
    });
  }
}

function isAbandoned(directory: string): boolean {
  try {
    if (!Deno.lstatSync(directory).isDirectory) return false;
    using lock = Deno.openSync(join(directory, LOCK_NAME), { write: true });
    return tryLock(lock, "exclusive") === "locked";
  } catch {
    return false; // Gone meanwhile, just being made, or of another user.
  }
}

function namesOrNone(path: string): string[] {
  try {
    return [...Deno.readDirSync(path)].map(({ name }) => name);
  } catch {
    return [];
  }
}

function removeTree(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch {
    // Gone already, or out of reach: the next run tries again.
  }
}
