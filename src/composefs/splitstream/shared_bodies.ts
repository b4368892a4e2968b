/**
 * Files of an engine's store that become objects without a copy of their bytes.
 *
 * Before a file is read it gets a second name, or a clone of its blocks, in the repository; then what
 * is digested is that file, whatever happens to the store meanwhile.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import type { HostFile } from "../../io/host_files.ts";
import { systemError } from "../../io/system_error.ts";
import type { BodyTaker } from "../../layer/tar_split/tar_assembler.ts";
import { type ObjectStore, removeIfThere } from "../repository/object_store.ts";
import { LARGEST_INLINE } from "./layer_splitter.ts";

/**
 * How the files of unpacked layers become objects: `disabled` by copies alone, `auto` by clones of
 * their blocks where the file system can, else by copies, `zerocopy` by clones or else hard links,
 * and not at all where there can be neither.
 */
export type LocalFetch = "disabled" | "auto" | "zerocopy";

/** A file in the repository that has the bytes of a part of the tar. */
interface SharedBody {
  readonly offset: number;
  readonly size: number;
  readonly path: string;
}

/** Shares the files of one layer. It must be closed. */
export class SharedBodies implements BodyTaker {
  readonly #store: ObjectStore;
  readonly #mayLink: boolean;
  // In the order of the tar; what was taken, or never will be, is no longer among them.
  readonly #bodies: SharedBody[] = [];
  #canClone = true;

  /** Shares files with `store`, by hard links where `mayLink`; then there are no copies. */
  constructor(store: ObjectStore, mayLink: boolean) {
    this.#store = store;
    this.#mayLink = mayLink;
  }

  /** See {@linkcode BodyTaker.take}. Throws `ImageError` `UNSUPPORTED` where copies are needed. */
  take(file: HostFile, offset: number, size: number): HostFile {
    if (size <= LARGEST_INLINE) return file;
    const path = this.#store.temporaryPath();
    const clone = this.#canClone ? this.#clone(file, path) : null;
    if (clone === null && !this.#mayLink) return file;
    if (clone === null && !file.linkTo(path)) {
      throw new ImageError(
        "UNSUPPORTED",
        "Cannot share a file with the repository: neither its blocks nor its name can be shared, " +
          "expected a file system with both the store and the repository",
      );
    }
    this.#bodies.push({ offset, size, path });
    if (clone === null) return file;
    const observed = clone.stat().size;
    if (observed !== size) {
      clone.close();
      throw new ImageError(
        "DIGEST_MISMATCH",
        `Cannot share a file with the repository: it has ${observed} bytes now, expected ${size}`,
      );
    }
    file.close();
    return clone;
  }

  /** The file with the `size` bytes at `offset`, which is the caller's now; `null` for none. */
  claim(offset: number, size: number): string | null {
    while (this.#bodies.length > 0 && this.#bodies[0].offset < offset) this.#drop();
    const body = this.#bodies[0];
    if (body?.offset !== offset || body.size !== size) return null;
    this.#bodies.shift();
    return body.path;
  }

  /** Removes what nobody claimed. */
  close(): void {
    while (this.#bodies.length > 0) this.#drop();
  }

  #drop(): void {
    removeIfThere(this.#bodies.shift()!.path);
  }

  #clone(file: HostFile, path: string): HostFile | null {
    try {
      Deno.openSync(path, { write: true, createNew: true, mode: 0o644 }).close();
    } catch (error) {
      throw systemError(error, "create object", path);
    }
    let clone: HostFile | null = null;
    try {
      clone = file.cloneTo(path);
    } finally {
      if (clone === null) removeIfThere(path);
    }
    this.#canClone = clone !== null;
    return clone;
  }
}
