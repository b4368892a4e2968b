/**
 * A blob on its way into the cache.
 *
 * Its file is locked as long as somebody writes to it, and the lock dies with its process: what a
 * killed or failed run left can be told from what another one is writing, and is carried on.
 *
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import { dirname, join } from "node:path";
import { ImageError } from "../../image_error.ts";
import { isStillAt, tryLock } from "../../io/file_lock.ts";
import { systemError } from "../../io/system_error.ts";
import type { Digest } from "../../oci/digest.ts";
import { makeCacheDirectory, namesIn, partialStem } from "./cache_paths.ts";

/** Bytes of the file that are hashed before other work gets its turn. */
const TURN_BYTES = 4 * 1024 * 1024;
const PIECE_BYTES = 256 * 1024;

/** An open file and its path. */
interface OpenPartial {
  readonly file: Deno.FsFile;
  readonly path: string;
}

/**
 * Takes over what an earlier run kept of a blob of `sizeBytes`, or begins anew; `path` becomes its
 * file. Leftovers of the same blob that are not needed are removed.
 *
 * Throws `ImageError` `PERMISSION`, `OUT_OF_SPACE` or `IO`.
 */
export function claimPartialBlob(path: string, digest: Digest, sizeBytes: number): PartialBlob {
  const directory = dirname(path);
  makeCacheDirectory(directory);
  const kept = claimLargest(directory, digest, sizeBytes);
  if (kept === null) return new PartialBlob(create(path), path, digest);
  try {
    Deno.renameSync(kept.path, path);
  } catch (error) {
    kept.file.close();
    throw systemError(error, "rename cached blob", kept.path);
  }
  return new PartialBlob(kept.file, path, digest);
}

/** An unfinished blob, exclusively ours. */
export class PartialBlob {
  /** Its file; another name stands for it once it is complete. */
  readonly path: string;
  /** Bytes that an earlier run left. */
  readonly keptBytes: number;
  readonly #file: Deno.FsFile;
  readonly #digest: Digest;
  #position = 0;
  #isOpen = true;

  /** Takes over an open, locked file. */
  constructor(file: Deno.FsFile, path: string, digest: Digest) {
    this.#file = file;
    this.path = path;
    this.#digest = digest;
    this.keptBytes = file.statSync().size;
  }

  /** Hashes the kept bytes; rejects with the signal's reason, or `ImageError` `IO`. */
  async hashKept(signal: AbortSignal): Promise<Hash> {
    const hash = createHash(this.#digest.algorithm);
    const piece = new Uint8Array(PIECE_BYTES);
    try {
      this.#file.seekSync(0, Deno.SeekMode.Start);
      for (let done = 0; done < this.keptBytes;) {
        const count = this.#file.readSync(piece);
        if (count === null) break;
        hash.update(piece.subarray(0, count));
        done += count;
        if (done % TURN_BYTES < count) {
          await new Promise((resolve) => setTimeout(resolve, 0));
          signal.throwIfAborted();
        }
      }
      this.#position = this.#file.seekSync(0, Deno.SeekMode.Current);
    } catch (error) {
      throw signal.aborted ? error : systemError(error, "read cached blob", this.path);
    }
    return hash;
  }

  /** Writes bytes at their place in the blob. Throws `ImageError` `OUT_OF_SPACE` or `IO`. */
  write(bytes: Uint8Array, position: number): void {
    try {
      if (position !== this.#position) this.#file.seekSync(position, Deno.SeekMode.Start);
      this.#position = position;
      for (let done = 0; done < bytes.length;) {
        const count = this.#file.writeSync(bytes.subarray(done));
        done += count;
        this.#position += count;
      }
    } catch (error) {
      throw systemError(error, "write cached blob", this.path);
    }
  }

  /** Forgets all bytes: they were not those of the blob. Throws `ImageError` `IO`. */
  restart(): void {
    try {
      this.#file.truncateSync(0);
      this.#file.seekSync(0, Deno.SeekMode.Start);
      this.#position = 0;
    } catch (error) {
      throw systemError(error, "empty cached blob", this.path);
    }
  }

  /**
   * The blob is complete and verified: it gets its name, `path`. When another process was faster,
   * its file and this one are the same. Answers the file, still open, with a shared lock.
   *
   * Throws `ImageError` `PERMISSION`, `OUT_OF_SPACE` or `IO`.
   */
  commit(path: string): Deno.FsFile {
    makeCacheDirectory(dirname(path));
    try {
      Deno.renameSync(this.path, path);
    } catch (error) {
      throw systemError(error, "rename cached blob to", path);
    }
    this.#isOpen = false;
    tryLock(this.#file, "shared");
    return this.#file;
  }

  /** Stops and keeps what there is for a later run, where there is anything. */
  release(): void {
    if (!this.#isOpen) return;
    if (this.#file.statSync().size === 0) this.discard();
    else this.#close();
  }

  /** Stops and removes the file. */
  discard(): void {
    if (!this.#isOpen) return;
    removeIfThere(this.path);
    this.#close();
  }

  #close(): void {
    this.#isOpen = false;
    this.#file.close();
  }
}

/** The largest unfinished file of this blob that nobody is writing to; removes the others. */
function claimLargest(directory: string, digest: Digest, sizeBytes: number): OpenPartial | null {
  const stem = partialStem(digest);
  let largest: (OpenPartial & { readonly size: number }) | null = null;
  for (const name of namesIn(directory)) {
    if (!name.startsWith(stem)) continue;
    const claimed = claim(join(directory, name));
    if (claimed === null) continue;
    const { size } = claimed.file.statSync();
    // A whole file that was not given its name has not been verified: it costs little to be sure.
    if (size > sizeBytes || (largest !== null && size <= largest.size)) {
      removeIfThere(claimed.path);
      claimed.file.close();
      continue;
    }
    if (largest !== null) {
      removeIfThere(largest.path);
      largest.file.close();
    }
    largest = { ...claimed, size };
  }
  return largest;
}

/** Opens and locks a file, `null` where another process has it or it is gone. */
function claim(path: string): OpenPartial | null {
  let file: Deno.FsFile;
  try {
    // Opening anything else might block (a fifo) or follow a link.
    if (!Deno.lstatSync(path).isFile) return null;
    file = Deno.openSync(path, { read: true, write: true });
  } catch {
    return null;
  }
  if (tryLock(file, "exclusive") === "locked" && isStillAt(file, path)) return { file, path };
  file.close();
  return null;
}

function create(path: string): Deno.FsFile {
  // A concurrent run may take a new file for a leftover in the instant before it is locked.
  for (let attempt = 0; attempt < 16; attempt++) {
    let file: Deno.FsFile;
    try {
      file = Deno.openSync(path, { read: true, write: true, createNew: true, mode: 0o600 });
    } catch (error) {
      throw systemError(error, "create cached blob", path);
    }
    // Where there are no locks, no file is ever taken for a leftover.
    if (tryLock(file, "exclusive") !== "taken" && isStillAt(file, path)) return file;
    file.close();
    removeIfThere(path);
  }
  throw new ImageError("IO", `Cannot create file "${path}": it keeps vanishing`);
}

/** Removes a file that nobody needs; where that fails, pruning is the second chance. */
export function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // Gone already, or out of reach.
  }
}
