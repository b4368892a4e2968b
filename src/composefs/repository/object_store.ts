/**
 * The objects of a repository: files named by the fs-verity digest of their content, each stored
 * once.
 *
 * ```text
 * objects/ab/cdef…      the object abcdef…
 * tmp/                  objects in the making
 * ```
 *
 * An object is written under another name and gets its own by a rename, so that whatever stops the
 * program leaves no half of one. They are not synced one by one: whoever refers to objects calls
 * `Repository.sync` first.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { VerityAlgorithm } from "../../fsverity/verity_algorithm.ts";
import { verityDigest } from "../../fsverity/verity_digest.ts";
import { ImageError } from "../../image_error.ts";
import type { ByteSource } from "../../io/byte_source.ts";
import { fileSource } from "../../io/file_source.ts";
import type { OpenDirectory } from "../../io/host_files.ts";
import { systemError } from "../../io/system_error.ts";
import { quote } from "../../oci/quote.ts";
import { objectPath } from "../../tree/object_content.ts";
import type { ObjectId } from "./object_id.ts";
import { ObjectListing } from "./object_listing.ts";
import { digestOfSource, objectSource } from "./object_source.ts";
import { ObjectWriter, WritingRooms } from "./object_writer.ts";

/** An object that was put into a repository. */
export interface StoredObject {
  /** Its name. */
  readonly id: ObjectId;
  /** Bytes of it. */
  readonly sizeBytes: number;
  /** `false` where the repository had it before. */
  readonly isNew: boolean;
}

/** What was put into a repository. */
export interface ObjectCounts {
  /** Objects that are new. */
  newObjects: number;
  /** Bytes of them. */
  newBytes: number;
  /** Objects that were there before. */
  knownObjects: number;
  /** Bytes of them. */
  knownBytes: number;
}

/** Gives a new file fs-verity, where the repository has it, before it gets its name. */
export type ProtectObject = (path: string) => void;

/** Permissions of an object: nobody shall change it. */
const OBJECT_MODE = 0o644;
const DIRECTORY_MODE = 0o755;

/** The objects in one directory. */
export class ObjectStore {
  /** Hash function of all objects. */
  readonly algorithm: VerityAlgorithm;
  /** The directory with the objects. */
  readonly directory: string;
  /** What was put since it was opened. */
  readonly counts: ObjectCounts = { newObjects: 0, newBytes: 0, knownObjects: 0, knownBytes: 0 };
  readonly #temporary: string;
  readonly #protect: ProtectObject;
  readonly #openDirectory: OpenDirectory;
  // What the names of files in the making begin with; empty as long as there are none.
  #temporaryName = "";
  #temporaryCount = 0;
  readonly #directories = new Set<string>();
  readonly #listing: ObjectListing;
  readonly #rooms: WritingRooms;

  /** Opens the objects of the repository at `path`, or those in `path` itself with `isBare`. */
  constructor(
    path: string,
    algorithm: VerityAlgorithm,
    openDirectory: OpenDirectory,
    protect: ProtectObject,
    isBare = false,
  ) {
    this.algorithm = algorithm;
    this.directory = isBare ? path : join(path, "objects");
    this.#temporary = join(path, isBare ? ".tmp" : "tmp");
    this.#protect = protect;
    this.#openDirectory = openDirectory;
    this.#listing = this.list();
    this.#rooms = new WritingRooms(algorithm);
  }

  /** Lists the objects as they are from now on. */
  list(): ObjectListing {
    return new ObjectListing(this.directory, this.#openDirectory);
  }

  /** Path of an object. */
  pathOf(id: ObjectId): string {
    return join(this.directory, objectPath(id));
  }

  /** Bytes of an object; `null` where it is not there. Throws `ImageError` `IO` or `CORRUPT`. */
  sizeOf(id: ObjectId): number | null {
    const path = this.pathOf(id);
    try {
      const info = Deno.lstatSync(path);
      if (info.isFile) return info.size;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      throw systemError(error, "read object", path);
    }
    throw new ImageError("CORRUPT", `Cannot read object "${id}": it is no file, expected one`, {
      where: { source: path },
    });
  }

  /** Opens an object for reading. Throws `ImageError` `NOT_FOUND` where it is not there. */
  open(id: ObjectId): ByteSource {
    if (this.sizeOf(id) === null) throw this.#missing(id);
    return fileSource(this.pathOf(id));
  }

  /**
   * All bytes of an object of at most `limitBytes`, compared with its name. Throws `ImageError`
   * `NOT_FOUND`, `LIMIT_EXCEEDED`, `DIGEST_MISMATCH` or `IO`.
   */
  read(id: ObjectId, limitBytes: number): Uint8Array<ArrayBuffer> {
    const sizeBytes = this.sizeOf(id);
    if (sizeBytes === null) throw this.#missing(id);
    if (sizeBytes > limitBytes) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot read object "${id}": it has ${sizeBytes} bytes, expected at most ${limitBytes}`,
        { where: { source: this.pathOf(id) } },
      );
    }
    const source = this.open(id);
    try {
      const bytes = new Uint8Array(sizeBytes);
      const count = source.read(bytes, 0);
      const observed = verityDigest(this.algorithm, bytes.subarray(0, count)).toHex();
      if (observed !== id) throw this.#mismatch(id, observed);
      return bytes;
    } finally {
      source.close();
    }
  }

  /** The fs-verity digest of a stored object's bytes as they are. Throws `ImageError`. */
  measure(id: ObjectId): ObjectId {
    if (this.sizeOf(id) === null) throw this.#missing(id);
    const source = objectSource(this.pathOf(id));
    try {
      return digestOfSource(source, this.algorithm);
    } finally {
      source.close();
    }
  }

  /** Begins an object; it must be ended or aborted. */
  begin(): ObjectWriter {
    return new ObjectWriter(this, this.#rooms, false);
  }

  /**
   * Begins an object on which whole images depend. One that is there is read, and written again where
   * it is damaged; for the contents of files that would take too long.
   */
  beginEssential(): ObjectWriter {
    return new ObjectWriter(this, this.#rooms, true);
  }

  /** Stores bytes that are at hand, as `beginEssential` does. Throws `ImageError`. */
  put(bytes: Uint8Array): StoredObject {
    const writer = this.beginEssential();
    try {
      writer.write(bytes);
      return writer.end();
    } finally {
      writer.abort();
    }
  }

  /**
   * Stores a file of this machine: shares its blocks where the file system can, else copies it;
   * `byLink` gives the file itself a further name, where that is possible. Throws `ImageError`.
   */
  putFile(path: string, options: { readonly byLink?: boolean } = {}): StoredObject {
    const temporary = this.temporaryPath();
    try {
      if (!(options.byLink && tryLink(path, temporary))) copyFile(path, temporary);
      const source = objectSource(temporary);
      try {
        const id = digestOfSource(source, this.algorithm);
        if (this.has(id, source.size)) return this.known(id, source.size);
        if (!options.byLink) Deno.chmodSync(temporary, OBJECT_MODE);
        return this.adopt(temporary, id, source.size);
      } finally {
        source.close();
      }
    } catch (error) {
      throw systemError(error, "store", path);
    } finally {
      removeIfThere(temporary);
    }
  }

  /** A path for a new file on the same file system. */
  temporaryPath(): string {
    if (this.#temporaryName === "") {
      ensureRealDirectory(this.#temporary);
      this.#temporaryName = join(
        this.#temporary,
        crypto.getRandomValues(new Uint8Array(8)).toHex(),
      );
    }
    return `${this.#temporaryName}.${this.#temporaryCount++}`;
  }

  /**
   * Whether an object of that name and size is there, and with `isRead` has the bytes of its name.
   * What has the name and another size was damaged by a crash of the machine, and is written again.
   */
  has(id: ObjectId, sizeBytes: number, isRead = false): boolean {
    // What others store meanwhile is stored twice, and is one object then.
    return this.#listing.has(id) && this.#isWhole(id, sizeBytes, isRead);
  }

  /**
   * Gives the complete file at `path` the name of its digest, unless others were first; with `isRead`
   * only where they stored the bytes of that name.
   */
  adopt(path: string, id: ObjectId, sizeBytes: number, isRead = false): StoredObject {
    const target = this.pathOf(id);
    // This question is quick where the answer is no.
    if (existsSync(target) && this.#isWhole(id, sizeBytes, isRead)) {
      removeIfThere(path);
      return this.known(id, sizeBytes);
    }
    try {
      this.#protect(path);
      const directory = join(this.directory, id.slice(0, 2));
      if (!this.#directories.has(directory)) {
        ensureRealDirectory(directory);
        this.#directories.add(directory);
      }
      Deno.renameSync(path, target);
    } catch (error) {
      throw systemError(error, "store object", target);
    }
    this.#listing.add(id);
    this.counts.newObjects++;
    this.counts.newBytes += sizeBytes;
    return { id, sizeBytes, isNew: true };
  }

  /** Counts what another thread has put. */
  count({ newObjects, newBytes, knownObjects, knownBytes }: Readonly<ObjectCounts>): void {
    this.counts.newObjects += newObjects;
    this.counts.newBytes += newBytes;
    this.counts.knownObjects += knownObjects;
    this.counts.knownBytes += knownBytes;
  }

  /** Counts an object that was there before. */
  known(id: ObjectId, sizeBytes: number): StoredObject {
    this.counts.knownObjects++;
    this.counts.knownBytes += sizeBytes;
    return { id, sizeBytes, isNew: false };
  }

  #isWhole(id: ObjectId, sizeBytes: number, isRead: boolean): boolean {
    if (this.sizeOf(id) !== sizeBytes) return false;
    if (!isRead) return true;
    try {
      return this.measure(id) === id;
    } catch (error) {
      // The kernel or the disk refuses to give its bytes.
      if (error instanceof ImageError) return false;
      throw error;
    }
  }

  #missing(id: ObjectId): ImageError {
    return new ImageError(
      "NOT_FOUND",
      `Cannot find object ${quote(id)}: it is not in the repository, expected it there`,
      { where: { source: this.pathOf(id) }, subject: "object" },
    );
  }

  #mismatch(id: ObjectId, observed: ObjectId): ImageError {
    return new ImageError(
      "DIGEST_MISMATCH",
      `Cannot accept object "${id}": its digest is ${observed}, expected its name`,
      { where: { source: this.pathOf(id) } },
    );
  }
}

/** Makes a directory and those above it, unless it is there. */
export function ensureDirectory(path: string): void {
  try {
    Deno.mkdirSync(path, { recursive: true, mode: DIRECTORY_MODE });
  } catch (error) {
    throw systemError(error, "create directory", path);
  }
}

/** The same, and throws `ImageError` `CORRUPT` where a symbolic link or anything else is there. */
export function ensureRealDirectory(path: string): void {
  if (!isRealDirectory(path)) ensureDirectory(path);
}

/**
 * Whether a directory is there, and not nothing. Throws `ImageError` `CORRUPT` where a symbolic link
 * or anything else is there: what stands behind it is somebody else's.
 */
export function isRealDirectory(path: string): boolean {
  let info: Deno.FileInfo;
  try {
    info = Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw systemError(error, "open directory", path);
  }
  if (info.isDirectory) return true;
  throw new ImageError(
    "CORRUPT",
    `Cannot use repository directory "${path}": it is ${
      info.isSymlink ? "a symbolic link" : "no directory"
    }, expected a directory`,
    { where: { source: path } },
  );
}

function copyFile(from: string, to: string): void {
  try {
    // The runtime asks the kernel to copy, which shares blocks where the file system can.
    Deno.copyFileSync(from, to);
  } catch (error) {
    throw systemError(error, "copy", from);
  }
}

function tryLink(from: string, to: string): boolean {
  try {
    Deno.linkSync(from, to);
    return true;
  } catch {
    return false; // Another file system, too many links, or not allowed: a copy will do.
  }
}

/** Removes a file that may be gone. */
export function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It got its name, or was never made.
  }
}
