/**
 * The lock of a repository: shared by all who use it, exclusive for who removes from it. It is an
 * advisory lock (`flock(2)`) of the repository's directory, and dies with its process.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { tryLock } from "../../io/file_lock.ts";
import { systemError } from "../../io/system_error.ts";
import { setTimeout as wait } from "node:timers/promises";

const PAUSE_MILLISECONDS = 50;

/** A held lock. */
export class RepositoryLock {
  readonly #path: string;
  readonly #directory: Deno.FsFile;

  private constructor(path: string, directory: Deno.FsFile) {
    this.#path = path;
    this.#directory = directory;
  }

  /**
   * Opens the directory of a repository and locks it; waits for others. Where the file system has no
   * locks, there is none. Throws `ImageError`, or the reason of `signal`.
   */
  static async take(
    path: string,
    kind: "shared" | "exclusive",
    signal?: AbortSignal,
  ): Promise<RepositoryLock> {
    let directory: Deno.FsFile;
    try {
      directory = Deno.openSync(path, { read: true });
    } catch (error) {
      throw systemError(error, "open repository", path, "repository");
    }
    const lock = new RepositoryLock(path, directory);
    try {
      await lock.change(kind, signal);
      return lock;
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  /** The open directory, for calls of the system. */
  get directory(): Deno.FsFile {
    return this.#directory;
  }

  /** Makes the lock exclusive or shared; waits for others. */
  async change(kind: "shared" | "exclusive", signal?: AbortSignal): Promise<void> {
    // A blocking call cannot be interrupted, so the lock is asked for again and again.
    while (!this.tryChange(kind)) await wait(PAUSE_MILLISECONDS, undefined, { signal });
  }

  /** Makes the lock exclusive or shared, if that is possible at once; else it may be lost. */
  tryChange(kind: "shared" | "exclusive"): boolean {
    return tryLock(this.#directory, kind) !== "taken";
  }

  /** Gives the lock back. */
  close(): void {
    try {
      this.#directory.close();
    } catch (error) {
      throw new ImageError("IO", `Cannot close repository "${this.#path}"`, { cause: error });
    }
  }
}
