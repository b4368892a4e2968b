/**
 * Blobs by digest in a directory that any number of processes share.
 *
 * A blob gets its name by one rename when it is complete and verified; nobody waits for anybody.
 * What is there is not trusted: whoever reads a blob compares its digest, and a wrong one is
 * removed.
 *
 * @module
 */
import { utimesSync } from "node:fs";
import { dirname } from "node:path";
import { isStillAt, tryLock } from "../../io/file_lock.ts";
import { systemError } from "../../io/system_error.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { type Digest, digestOf, parseDigest } from "../../oci/digest.ts";
import { LARGEST_DOCUMENT_BYTES } from "../../oci/json_document.ts";
import { blobPath, makeCacheDirectory, newPartialPath } from "./cache_paths.ts";
import { claimPartialBlob, type PartialBlob, removeIfThere } from "./partial_blob.ts";
import { replaceFile } from "./replace_file.ts";
import { readTagNote, type TagNote, writeTagNote } from "./tag_notes.ts";

/** Most blobs that are held at a time: each takes an open file. */
const MOST_HELD = 256;

/** A cache directory as one run uses it; it must be closed. */
export class BlobCache {
  /** The directory. */
  readonly directory: string;
  // Open files with a shared lock: no other process prunes what this one still has to read.
  readonly #held: Deno.FsFile[] = [];
  readonly #onClose: () => void;

  /**
   * Opens the cache in `directory`, which is made with the first blob. `onClose` runs when it is
   * closed.
   */
  constructor(directory: string, onClose: () => void = () => {}) {
    this.directory = directory;
    this.#onClose = onClose;
  }

  /** Where a blob is, or will be when it is complete. */
  pathOf(digest: Digest): string {
    return blobPath(this.directory, digest);
  }

  /**
   * Path of a complete blob, which is then kept from being pruned until the cache is closed; `null`
   * where there is none of this size. (Which size is wrong, the file's or that of a hostile
   * descriptor, is not known: nothing is removed for it.)
   *
   * Throws `ImageError` `PERMISSION`, `IO`, or what `parseDigest` throws.
   */
  hold(descriptor: Descriptor): string | null {
    const path = this.pathOf(parseDigest(descriptor.digest));
    const file = openIfThere(path);
    if (file === null) return null;
    if (file.statSync().size !== descriptor.size) {
      file.close();
      return null;
    }
    touch(path);
    tryLock(file, "shared");
    // Whoever pruned it a moment ago has unlocked a file without a name.
    if (!isStillAt(file, path)) {
      file.close();
      return null;
    }
    this.#keepOpen(file);
    return path;
  }

  /**
   * A manifest, index or configuration, verified; `null` where it is not there. A damaged one is
   * removed. Throws `ImageError` `PERMISSION` or `IO`.
   */
  readDocument(descriptor: Descriptor): Uint8Array | null {
    if (descriptor.size > LARGEST_DOCUMENT_BYTES) return null;
    const bytes = this.#read(parseDigest(descriptor.digest));
    return bytes !== null && this.#isIntact(bytes, descriptor) ? bytes : null;
  }

  /** The same for a document of which only the digest is known. */
  readByDigest(digest: string): Uint8Array | null {
    const bytes = this.#read(parseDigest(digest));
    if (bytes === null) return null;
    return this.#isIntact(bytes, { digest, size: bytes.length }) ? bytes : null;
  }

  /** Keeps a small blob that was verified. Throws `ImageError` `OUT_OF_SPACE`, `PERMISSION` or `IO`. */
  store(digest: string, bytes: Uint8Array): void {
    const path = this.pathOf(parseDigest(digest));
    makeCacheDirectory(dirname(path));
    replaceFile(path, bytes);
  }

  /** A path for `claimPartial`. */
  partialPath(digest: string): string {
    return newPartialPath(this.directory, parseDigest(digest));
  }

  /**
   * Begins a blob, or carries on with what an earlier run kept of it; its file will be at `path`.
   *
   * Throws `ImageError` `OUT_OF_SPACE`, `PERMISSION` or `IO`.
   */
  claimPartial(descriptor: Descriptor, path: string): PartialBlob {
    return claimPartialBlob(path, parseDigest(descriptor.digest), descriptor.size);
  }

  /**
   * Gives a complete, verified blob its name and holds it. Throws `ImageError` `OUT_OF_SPACE`,
   * `PERMISSION` or `IO`.
   */
  commit(partial: PartialBlob, digest: string): void {
    this.#keepOpen(partial.commit(this.pathOf(parseDigest(digest))));
  }

  /** Removes a blob whose bytes were found to be wrong. */
  remove(digest: string): void {
    removeIfThere(this.pathOf(parseDigest(digest)));
  }

  /** What a tag named when the registry was last asked, `null` where that is not known. */
  readTag(reference: string): TagNote | null {
    return readTagNote(this.directory, reference);
  }

  /** Notes what a tag names. Throws `ImageError` `OUT_OF_SPACE`, `PERMISSION` or `IO`. */
  writeTag(note: TagNote): void {
    writeTagNote(this.directory, note);
  }

  /** Lets go of all blobs. Calling it again does nothing. */
  close(): void {
    for (const file of this.#held.splice(0)) file.close();
    this.#onClose();
  }

  #keepOpen(file: Deno.FsFile): void {
    if (this.#held.length < MOST_HELD) this.#held.push(file);
    else file.close();
  }

  #read(digest: Digest): Uint8Array | null {
    const path = this.pathOf(digest);
    using file = openIfThere(path);
    if (file === null) return null;
    try {
      const { size } = file.statSync();
      if (size > LARGEST_DOCUMENT_BYTES) return null;
      const bytes = new Uint8Array(size);
      let done = 0;
      while (done < size) {
        const count = file.readSync(bytes.subarray(done));
        if (count === null) break;
        done += count;
      }
      touch(path);
      return bytes.subarray(0, done);
    } catch (error) {
      throw systemError(error, "read cached blob", path);
    }
  }

  #isIntact(bytes: Uint8Array, descriptor: Pick<Descriptor, "digest" | "size">): boolean {
    const { algorithm } = parseDigest(descriptor.digest);
    if (digestOf(bytes, algorithm) !== descriptor.digest) {
      this.remove(descriptor.digest);
      return false;
    }
    return bytes.length === descriptor.size;
  }
}

function openIfThere(path: string): Deno.FsFile | null {
  try {
    // Opening anything else might block (a fifo).
    return Deno.statSync(path).isFile ? Deno.openSync(path) : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw systemError(error, "open cached blob", path);
  }
}

/** The time of the last change is the time of the last use: it decides what is pruned. */
function touch(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // A cache that may only be read serves too.
  }
}
