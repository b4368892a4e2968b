/**
 * A file that appears under its name only when it is complete.
 *
 * Until then its bytes are in `.NAME.<random>.partial` in the same directory, under an exclusive
 * lock. The lock dies with its process, so that the next run can tell what a killed one left.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { ImageError } from "../image_error.ts";
import type { NoticeListener } from "../notice.ts";
import type { OpenSink } from "./byte_sink.ts";
import { isStillAt, tryLock } from "./file_lock.ts";
import { isPartialName, partialName } from "./partial_name.ts";
import { PositionalFile } from "./positional_file.ts";
import { systemError } from "./system_error.ts";

/**
 * Begins the file that shall stand at `path`, a regular file or nothing. Removes what killed runs
 * left of the same name (notice `LEFTOVER_REMOVED`). `permissions` are those of the file that is
 * replaced, `null` for what the umask says.
 */
export function openPartialFile(
  path: string,
  permissions: number | null,
  onNotice: NoticeListener,
): OpenSink {
  removeLeftovers(path, onNotice);
  // A concurrent run may take a new file for a leftover in the instant before it is locked.
  for (let attempt = 0; attempt < 16; attempt++) {
    const partialPath = join(dirname(path), partialName(path));
    const file = createFile(partialPath, path);
    try {
      if (tryLock(file, "exclusive") === "taken" || !isStillAt(file, partialPath)) {
        file.close();
        continue;
      }
      if (permissions !== null) Deno.chmodSync(partialPath, permissions);
    } catch (error) {
      file.close();
      removeIfThere(partialPath);
      throw systemError(error, "create output", path);
    }
    return new PartialFile(path, partialPath, new PositionalFile(file, path, partialPath));
  }
  throw new ImageError("IO", `Cannot create output "${path}": its temporary file keeps vanishing`);
}

class PartialFile implements OpenSink {
  readonly scratchDirectory: string;
  readonly #path: string;
  readonly #partialPath: string;
  readonly #file: PositionalFile;
  #open = true;

  constructor(path: string, partialPath: string, file: PositionalFile) {
    this.#path = path;
    this.scratchDirectory = dirname(path);
    this.#partialPath = partialPath;
    this.#file = file;
  }

  write(bytes: Uint8Array, position: number): void {
    this.#file.write(bytes, position);
  }

  truncate(size: number): void {
    this.#file.truncate(size);
  }

  read(into: Uint8Array, position: number): void {
    this.#file.read(into, position);
  }

  sync(): void {
    this.#file.sync();
  }

  commit(): void {
    this.#file.sync();
    try {
      Deno.renameSync(this.#partialPath, this.#path);
    } catch (error) {
      throw systemError(error, "rename temporary file to output", this.#path);
    }
    // From here on the name is given: an `abort` has nothing to undo.
    this.#open = false;
    this.#file.close();
    syncDirectory(dirname(this.#path));
  }

  abort(): void {
    if (!this.#open) return;
    this.#open = false;
    // Removed while the lock is held: no other run can take it for its own leftover meanwhile.
    removeIfThere(this.#partialPath);
    this.#file.close();
  }
}

/** Deletes partial files of `path` whose lock is free: their process is gone. */
function removeLeftovers(path: string, onNotice: NoticeListener): void {
  const directory = dirname(path);
  for (const name of namesIn(directory)) {
    if (!isPartialName(name, path)) continue;
    const leftover = join(directory, name);
    if (removeIfUnlocked(leftover)) {
      onNotice({
        code: "LEFTOVER_REMOVED",
        message: `Removed "${leftover}", an unfinished output of an earlier run`,
        where: { source: leftover },
      });
    }
  }
}

function removeIfUnlocked(path: string): boolean {
  let file: Deno.FsFile;
  try {
    // Opening anything else might block (a fifo) or follow a link.
    if (!Deno.lstatSync(path).isFile) return false;
    file = Deno.openSync(path, { write: true });
  } catch {
    return false; // Gone meanwhile, or of another user: not ours to judge.
  }
  try {
    if (tryLock(file, "exclusive") !== "locked") return false;
    Deno.removeSync(path);
    return true;
  } catch {
    return false;
  } finally {
    file.close();
  }
}

function namesIn(directory: string): string[] {
  try {
    return [...Deno.readDirSync(directory)].map((entry) => entry.name);
  } catch {
    return []; // A directory may be writable and not readable; creating the file will tell.
  }
}

function createFile(partialPath: string, path: string): Deno.FsFile {
  try {
    return Deno.openSync(partialPath, { write: true, createNew: true, mode: 0o666 });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new ImageError(
        "NOT_FOUND",
        `Cannot create output "${path}": there is no directory "${dirname(path)}"`,
        { where: { source: path }, cause: error },
      );
    }
    throw systemError(error, "create output", path);
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // Already gone, or out of reach: the next run's cleaning is the second chance.
  }
}

/** Makes the new name durable, where the file system lets a directory be synced. */
function syncDirectory(path: string): void {
  try {
    using directory = Deno.openSync(path, { read: true });
    directory.syncSync();
  } catch {
    // Not readable, or a file system without it: the file's own bytes are safe already.
  }
}
