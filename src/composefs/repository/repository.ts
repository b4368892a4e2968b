/**
 * A repository: objects, and the images and streams that are made of them.
 *
 * ```text
 * meta.json   what the repository is
 * objects/    files by the digest of their content
 * images/     EROFS images by their digest, and names for them
 * streams/    splitstreams by what they hold, and names for them
 * tmp/        what is in the making; empty when nobody writes
 * ```
 *
 * @module
 */
import { join } from "node:path";
import { utf8ByteString } from "../../bytes/byte_string.ts";
import type { VerityAlgorithm } from "../../fsverity/verity_algorithm.ts";
import { ImageError } from "../../image_error.ts";
import { AT_FDCWD, Linux } from "../../io/linux.ts";
import { systemError } from "../../io/system_error.ts";
import { quote } from "../../oci/quote.ts";
import { entriesIn, LinkDirectory, REFS } from "./link_directory.ts";
import { METADATA_NAME, type RepositoryMetadata, unknownFeatures } from "./metadata.ts";
import { isRealDirectory, type ObjectStore } from "./object_store.ts";
import { openObjects } from "./open_objects.ts";
import { RepositoryLock } from "./repository_lock.ts";
import { findMetadata } from "./repository_metadata.ts";

/** Where things are put and removed; none may lead out of the repository. */
const DIRECTORIES = ["objects", "images", `images/${REFS}`, "streams", `streams/${REFS}`, "tmp"];

/** What a repository is opened for. */
export type RepositoryAccess = "read" | "write" | "exclusive";

/** Options of {@linkcode Repository.open}. */
export interface OpenRepositoryOptions {
  /**
   * `write` adds to it, beside others; `exclusive` removes from it, alone.
   *
   * @default {"read"}
   */
  readonly access?: RepositoryAccess;
  /** The hash function that it must have. */
  readonly algorithm?: VerityAlgorithm;
  /** Refuses a repository without fs-verity. */
  readonly requireVerity?: boolean;
  /** Does not write `meta.json` to a repository of old that has none. */
  readonly noUpgrade?: boolean;
  /** Ends waiting for the lock. */
  readonly signal?: AbortSignal;
}

/** An open repository; it must be closed. */
export class Repository implements Disposable {
  /** Its directory. */
  readonly path: string;
  /** What it is. */
  readonly metadata: RepositoryMetadata;
  /** Whether every object has fs-verity, so that the kernel checks what is read. */
  readonly isSecure: boolean;
  /** Its objects. */
  readonly objects: ObjectStore;
  /** Its images. */
  readonly images: LinkDirectory;
  /** Its streams. */
  readonly streams: LinkDirectory;
  readonly #lock: RepositoryLock;
  readonly #linux: Linux | null;
  #isClosed = false;

  private constructor(
    path: string,
    metadata: RepositoryMetadata,
    isSecure: boolean,
    lock: RepositoryLock,
    linux: Linux | null,
  ) {
    const { algorithm } = metadata;
    this.path = path;
    this.metadata = metadata;
    this.isSecure = isSecure;
    this.#lock = lock;
    this.#linux = linux;
    this.objects = openObjects(path, algorithm, isSecure, linux);
    this.images = new LinkDirectory(path, "images", algorithm);
    this.streams = new LinkDirectory(path, "streams", algorithm);
  }

  /**
   * Opens the repository at `path` and locks it: shared, or alone for `exclusive`.
   *
   * Rejects with `ImageError` (`NOT_FOUND`, `CORRUPT`, `UNSUPPORTED`, `PERMISSION`, `IO`), or the
   * reason of the signal.
   */
  static async open(path: string, options: OpenRepositoryOptions = {}): Promise<Repository> {
    const access = options.access ?? "read";
    const lock = await RepositoryLock.take(
      path,
      access === "exclusive" ? "exclusive" : "shared",
      options.signal,
    );
    try {
      const isWritten = access !== "read";
      const found = findMetadata(path, isWritten && options.noUpgrade !== true);
      const { metadata, isSecure } = found;
      checkAlgorithm(path, metadata.algorithm, options.algorithm);
      if (isWritten) {
        checkWritable(path, metadata);
        for (const name of DIRECTORIES) isRealDirectory(join(path, name));
      }
      if (options.requireVerity && !isSecure) {
        throw new ImageError(
          "UNSUPPORTED",
          `Cannot open repository ${quote(path)}: it has no fs-verity, expected it`,
          { where: { source: path } },
        );
      }
      const linux = isWritten ? Linux.open() : null;
      const repository = new Repository(
        path,
        metadata,
        isSecure,
        lock,
        linux instanceof Linux ? linux : null,
      );
      if (isWritten) await repository.#clean(access);
      return repository;
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  /** Whether images and streams that stand in links are on the disk before the links are. */
  sync(): void {
    if (this.#linux === null) return;
    const path = utf8ByteString(this.path);
    try {
      const directory = this.#linux.open(AT_FDCWD, path, 0);
      try {
        this.#linux.syncFileSystem(directory);
      } finally {
        this.#linux.closeFile(directory);
      }
    } catch (error) {
      throw systemError(error, "sync repository", this.path);
    }
  }

  /** Lets others in again who share the repository, after what took an exclusive lock. */
  async share(): Promise<void> {
    await this.#lock.change("shared");
  }

  /** Gives the lock back; without effect the second time. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#linux?.close();
    this.#lock.close();
  }

  /** See {@linkcode close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Removes what killed programs left behind, where nobody else is at work. */
  async #clean(access: RepositoryAccess): Promise<void> {
    const directory = join(this.path, "tmp");
    if (entriesIn(directory).length === 0) return;
    if (access !== "exclusive") {
      const isAlone = this.#lock.tryChange("exclusive");
      if (isAlone) removeAllIn(directory);
      return await this.#lock.change("shared");
    }
    removeAllIn(directory);
  }
}

function removeAllIn(directory: string): void {
  for (const { name } of entriesIn(directory)) {
    try {
      Deno.removeSync(join(directory, name), { recursive: true });
    } catch {
      // What cannot be removed harms nobody.
    }
  }
}

function checkAlgorithm(path: string, is: VerityAlgorithm, expected?: VerityAlgorithm): void {
  if (expected === undefined || is === expected) return;
  throw new ImageError(
    "UNSUPPORTED",
    `Cannot open repository ${quote(path)}: its algorithm is ${is}, expected ${expected}`,
    { where: { source: path } },
  );
}

function checkWritable(path: string, metadata: RepositoryMetadata): void {
  const unknown = unknownFeatures(metadata);
  if (unknown.length === 0) return;
  throw new ImageError(
    "UNSUPPORTED",
    `Cannot write to repository ${quote(path)}: it has the features ` +
      `${
        unknown.map(quote).join(", ")
      } in ${METADATA_NAME}, expected none that only reading allows`,
    { where: { source: path } },
  );
}
