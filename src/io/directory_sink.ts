/**
 * A directory as destination: it appears under its name only when it is complete.
 *
 * Until then it is in `.NAME.<random>.partial` in the same directory, which only its owner may
 * enter and which is locked, so that the next run can tell what a killed one left.
 *
 * @module
 */
import { dirname, join, resolve, sep } from "node:path";
import { ImageError } from "../image_error.ts";
import type { NoticeListener } from "../notice.ts";
import type { ImageSink, OpenSink } from "./byte_sink.ts";
import { isStillAt, tryLock } from "./file_lock.ts";
import { expectOutside, type InputTree } from "./file_sink.ts";
import { LinuxMaker } from "./linux_maker.ts";
import { mountPointIn } from "./mount_table.ts";
import { isPartialName, partialName } from "./partial_name.ts";
import { PortableMaker } from "./portable_maker.ts";
import { removeTree } from "./remove_tree.ts";
import { refusedOutput } from "./refused_output.ts";
import { systemError } from "./system_error.ts";
import { ROOT_NAME, SPARE_NAME } from "./tree_maker.ts";

/** Options of {@linkcode directorySink}. */
export interface DirectorySinkOptions {
  /** Replaces a directory that has something in it: all of that is removed. */
  force?: boolean;
  /** Files that are being read: a directory with one of them in it is not replaced. */
  inputs?: readonly string[];
  /** Directories that are being read with all that is in them: the output does not go there. */
  inputTrees?: readonly InputTree[];
}

/**
 * The directory at `path` as destination; nothing or an empty directory may be there, with `force`
 * also one that has something in it: it is replaced as a whole, never written into, so that no
 * symbolic link in it is followed.
 *
 * It is made beside its destination under a hidden name, and renamed when it is complete and on the
 * disk (`syncfs`, where the C library can be called). A symbolic link at `path` itself is followed.
 *
 * `open()` throws `ImageError` `EXISTS` for what must not be replaced, `PERMISSION`, `NOT_FOUND`
 * where there is no directory for it, or `IO`. This throws `TypeError` for an empty path.
 */
export function directorySink(path: string, options: DirectorySinkOptions = {}): ImageSink {
  if (path === "") {
    throw new TypeError("directorySink(): path is empty, expected the name of a directory");
  }
  return {
    name: path,
    seekable: true,
    takes: "tree",
    open: (onNotice = ignore) => open(path, options, onNotice),
  };
}

function open(path: string, options: DirectorySinkOptions, onNotice: NoticeListener): OpenSink {
  const destination = destinationOf(path);
  checkDestination(path, destination, options);
  // A concurrent run may take a new directory for a leftover in the instant before it is locked.
  for (let attempt = 0; attempt < 16; attempt++) {
    const home = join(dirname(destination), partialName(destination));
    const lock = createHome(home, path);
    if (tryLock(lock, "exclusive") === "taken" || !isStillAt(lock, home)) {
      lock.close();
      continue;
    }
    removeLeftovers(destination, Deno.lstatSync(home).uid, onNotice);
    try {
      return new OpenDirectory(destination, home, lock, options.force ?? false, onNotice);
    } catch (error) {
      removeTree(home);
      lock.close();
      throw error;
    }
  }
  throw new ImageError("IO", `Cannot create output "${path}": its directory keeps vanishing`);
}

class OpenDirectory implements OpenSink {
  readonly tree: LinuxMaker | PortableMaker;
  readonly #destination: string;
  readonly #home: string;
  readonly #lock: Deno.FsFile;
  readonly #force: boolean;
  readonly #onNotice: NoticeListener;
  #isOpen = true;

  constructor(
    destination: string,
    home: string,
    lock: Deno.FsFile,
    force: boolean,
    onNotice: NoticeListener,
  ) {
    this.#destination = destination;
    this.#home = home;
    this.#lock = lock;
    this.#force = force;
    this.#onNotice = onNotice;
    this.tree = LinuxMaker.open(home) ?? new PortableMaker(home);
  }

  write(): void {
    throw new TypeError(`Cannot write bytes to directory "${this.#destination}"`);
  }

  truncate(): void {
    this.write();
  }

  sync(): void {
    if (this.tree instanceof LinuxMaker) this.tree.sync();
  }

  commit(): void {
    this.sync();
    const made = join(this.#home, ROOT_NAME);
    removeTree(join(this.#home, SPARE_NAME));
    // A directory that changes its place is written to: its parent is an entry of it.
    const permissions = (Deno.lstatSync(made).mode ?? 0o755) % 0o10000;
    const isReadOnly = Math.floor(permissions / 0o200) % 2 === 0 && !this.tree.isAdministrator;
    if (isReadOnly) Deno.chmodSync(made, permissions + 0o200);
    this.#rename(made);
    if (isReadOnly) Deno.chmodSync(this.#destination, permissions);
    // From here on the name is given: an `abort` has nothing to undo.
    this.#isOpen = false;
    this.#close();
    syncDirectory(dirname(this.#destination));
  }

  abort(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#close();
  }

  /** What is left goes while the lock is held: no other run can take it for its own leftover. */
  #close(): void {
    if (this.tree instanceof LinuxMaker) this.tree.close();
    if (!removeTree(this.#home)) {
      this.#onNotice({
        code: "LEFTOVER_KEPT",
        message: `"${this.#home}" could not be removed: it has what was replaced, or unfinished`,
        where: { source: this.#home },
      });
    }
    this.#lock.close();
  }

  #rename(made: string): void {
    const destination = this.#destination;
    try {
      // Once more: it was a while ago.
      expectNoMounts(destination, destination);
      if (isEmptyOrMissing(destination)) return Deno.renameSync(made, destination);
      if (!this.#force) throw notEmpty(destination);
      if (this.tree instanceof LinuxMaker && this.tree.exchange(made, destination)) return;
      const old = join(this.#home, "old");
      Deno.renameSync(destination, old);
      try {
        Deno.renameSync(made, destination);
      } catch (error) {
        Deno.renameSync(old, destination);
        throw error;
      }
    } catch (error) {
      throw systemError(error, "rename temporary directory to output", destination);
    }
  }
}

/** The path with symbolic links followed where it exists. */
function destinationOf(path: string): string {
  const absolute = resolve(path);
  try {
    return Deno.realPathSync(absolute);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw systemError(error, "open output", path);
  }
  try {
    return join(Deno.realPathSync(dirname(absolute)), absolute.slice(dirname(absolute).length));
  } catch (error) {
    throw systemError(error, "open output", path);
  }
}

function checkDestination(
  path: string,
  destination: string,
  { force = false, inputs = [], inputTrees = [] }: DirectorySinkOptions,
): void {
  if (destination === dirname(destination)) {
    throw refusedOutput(path, "it is the root of this machine", "another directory");
  }
  expectOutside(path, destination, inputTrees);
  expectNoMounts(path, destination);
  if (isEmptyOrMissing(destination)) return;
  if (!force) throw notEmpty(path);
  for (const input of [...inputs, ...inputTrees.map((tree) => tree.path)]) {
    const place = realPathOrNull(input);
    if (place !== null && (place === destination || place.startsWith(destination + sep))) {
      throw refusedOutput(path, `the input "${input}" is in it`, "another directory");
    }
  }
}

/** What is mounted in the old directory would go with it, and lose all its files. */
function expectNoMounts(path: string, destination: string): void {
  const mountPoint = mountPointIn(destination);
  if (mountPoint === null) return;
  if (mountPoint === destination) {
    throw refusedOutput(path, "it is a mount point", "a directory in it");
  }
  throw refusedOutput(
    path,
    `something is mounted at "${mountPoint}"`,
    "a directory without mounts",
  );
}

function isEmptyOrMissing(path: string): boolean {
  let info: Deno.FileInfo;
  try {
    info = Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw systemError(error, "open output", path);
  }
  if (!info.isDirectory) throw refusedOutput(path, "it is no directory", "a directory or nothing");
  try {
    for (const _ of Deno.readDirSync(path)) return false;
    return true;
  } catch (error) {
    throw systemError(error, "open output", path);
  }
}

function realPathOrNull(path: string): string | null {
  try {
    return Deno.realPathSync(path);
  } catch {
    return null; // What is not there is in no directory.
  }
}

function createHome(home: string, path: string): Deno.FsFile {
  try {
    Deno.mkdirSync(home, { mode: 0o700 });
    return Deno.openSync(home, { read: true });
  } catch (error) {
    throw systemError(error, "create output", path);
  }
}

/**
 * Removes directories of killed runs: their locks are free. What another user owns may be meant as a
 * trap, whatever it is called.
 */
function removeLeftovers(
  destination: string,
  owner: number | null,
  onNotice: NoticeListener,
): void {
  const directory = dirname(destination);
  for (const name of namesIn(directory)) {
    if (!isPartialName(name, destination)) continue;
    const leftover = join(directory, name);
    try {
      const { isDirectory, uid } = Deno.lstatSync(leftover);
      if (!isDirectory || uid !== owner) continue;
      using lock = Deno.openSync(leftover, { read: true });
      if (tryLock(lock, "exclusive") !== "locked" || !removeTree(leftover)) continue;
    } catch {
      continue; // Gone meanwhile, or of another user.
    }
    onNotice({
      code: "LEFTOVER_REMOVED",
      message: `Removed "${leftover}", an unfinished output of an earlier run`,
      where: { source: leftover },
    });
  }
}

function namesIn(directory: string): string[] {
  try {
    return [...Deno.readDirSync(directory)].map(({ name }) => name);
  } catch {
    return []; // It may be writable and not readable.
  }
}

function syncDirectory(path: string): void {
  try {
    using directory = Deno.openSync(path, { read: true });
    directory.syncSync();
  } catch {
    // Not readable, or a file system without it: what is in the directory is safe already.
  }
}

function notEmpty(path: string): ImageError {
  return refusedOutput(
    path,
    "the directory has something in it",
    "an empty one, nothing, or consent to replace it",
    "directory",
  );
}

function ignore(): void {}
