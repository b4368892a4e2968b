/**
 * Checks a repository: its metadata, every object, every stream, every image and every name.
 *
 * @module
 */
import { basename, join } from "node:path";
import { ImageError } from "../../image_error.ts";
import { Linux } from "../../io/linux.ts";
import { Splitstream } from "../splitstream/splitstream_reader.ts";
import { imageObjects } from "./image_objects.ts";
import { entriesIn, isEntryName, type LinkDirectory, readLink, REFS } from "./link_directory.ts";
import { METADATA_NAME, parseMetadata } from "./metadata.ts";
import { isObjectId, type ObjectId } from "./object_id.ts";
import type { RepositoryProgressListener } from "./progress.ts";
import { hasProtection } from "./protection.ts";
import type { Repository } from "./repository.ts";
import { readMetadata } from "./repository_metadata.ts";

/** What can be wrong with a repository. */
export type FsckKind =
  | "object-invalid-name"
  | "object-open-failed"
  | "object-digest-mismatch"
  | "object-verity-failed"
  | "object-verity-missing"
  | "entry-not-symlink"
  | "broken-symlink"
  | "stat-failed"
  | "unexpected-file-type"
  | "stream-open-failed"
  | "missing-object-ref"
  | "stream-read-failed"
  | "missing-named-ref"
  | "object-check-failed"
  | "image-open-failed"
  | "image-read-failed"
  | "image-invalid"
  | "image-missing-object"
  | "metadata-parse-failed"
  | "metadata-algorithm-mismatch";

/** One thing that is wrong. */
export interface FsckProblem<Kind extends string = FsckKind> {
  /** What. */
  readonly kind: Kind;
  /** Where: a path in the repository, or the name of an object, stream or image. */
  readonly path: string;
  /** For a person: what was observed. */
  readonly message: string;
}

/** Options of {@linkcode checkRepository}. */
export interface FsckOptions {
  /** Does not read the objects. */
  readonly metadataOnly?: boolean;
  /** Hears of each problem as it is found. */
  readonly onProblem?: (problem: FsckProblem) => void;
  /** Hears what goes on. */
  readonly onProgress?: RepositoryProgressListener;
  /** Stops the check with its reason. */
  readonly signal?: AbortSignal;
}

/** What was checked. */
export interface FsckReport {
  /** Everything that is wrong. */
  readonly problems: readonly FsckProblem[];
  /** Objects whose bytes were compared with their names. */
  readonly objectsChecked: number;
  /** Streams that were read. */
  readonly streamsChecked: number;
  /** Images that were read. */
  readonly imagesChecked: number;
  /** Names in `refs`. */
  readonly refsChecked: number;
}

/** Checks all of a repository; goes on behind every problem. Rejects with the signal's reason. */
export async function checkRepository(
  repository: Repository,
  options: FsckOptions = {},
): Promise<FsckReport> {
  return await new Check(repository, options).run();
}

/**
 * The problem that keeps a repository from being opened, where its metadata are damaged; any other
 * error is thrown again.
 */
export function metadataProblem(error: unknown): FsckProblem {
  const { code, where, message } = orThrow(error);
  if (code !== "CORRUPT" || basename(where.source ?? "") !== METADATA_NAME) throw error;
  return { kind: "metadata-parse-failed", path: METADATA_NAME, message };
}

class Check {
  readonly #repository: Repository;
  readonly #options: FsckOptions;
  readonly #problems: FsckProblem[] = [];
  #objectsChecked = 0;
  #streamsChecked = 0;
  #imagesChecked = 0;
  #refsChecked = 0;

  constructor(repository: Repository, options: FsckOptions) {
    this.#repository = repository;
    this.#options = options;
  }

  async run(): Promise<FsckReport> {
    const { images, streams } = this.#repository;
    this.#checkMetadata();
    if (this.#options.metadataOnly !== true) this.#checkObjects();
    for (const [name, id] of this.#links(streams)) await this.#checkStream(name, id);
    for (const [name, id] of this.#links(images)) this.#checkImage(name, id);
    this.#checkRefs(streams, "");
    this.#checkRefs(images, "");
    return {
      problems: this.#problems,
      objectsChecked: this.#objectsChecked,
      streamsChecked: this.#streamsChecked,
      imagesChecked: this.#imagesChecked,
      refsChecked: this.#refsChecked,
    };
  }

  #found(kind: FsckKind, path: string, message: unknown): void {
    const text = message instanceof Error ? message.message : String(message);
    const problem = { kind, path, message: text };
    this.#problems.push(problem);
    this.#options.onProblem?.(problem);
  }

  /** What is in a directory of the repository; nothing where it cannot be read. */
  #entries(path: string): Deno.DirEntry[] {
    try {
      return entriesIn(join(this.#repository.path, path));
    } catch (error) {
      this.#found("stat-failed", path, orThrow(error));
      return [];
    }
  }

  #checkMetadata(): void {
    const { path, metadata } = this.#repository;
    try {
      const file = join(path, METADATA_NAME);
      const bytes = readMetadata(file);
      if (bytes === null) return;
      const { algorithm } = parseMetadata(bytes, file);
      if (algorithm === metadata.algorithm) return;
    } catch (error) {
      this.#found("metadata-parse-failed", METADATA_NAME, orThrow(error));
    }
  }

  #checkObjects(): void {
    const { objects } = this.#repository;
    const linux = this.#repository.isSecure ? Linux.open() : null;
    const { onProgress, signal } = this.#options;
    const heads = this.#entries("objects");
    onProgress?.({ kind: "started", id: "objects", total: heads.length, unit: "items" });
    let lengthIsWrong = false;
    heads.forEach((head, done) => {
      if (!head.isDirectory || !/^[0-9a-f]{2}$/.test(head.name)) {
        return this.#found("object-invalid-name", `objects/${head.name}`, "expected two digits");
      }
      for (const entry of this.#entries(`objects/${head.name}`)) {
        signal?.throwIfAborted();
        const path = `objects/${head.name}/${entry.name}`;
        const id = head.name + entry.name;
        if (isObjectId(id, objects.algorithm)) {
          this.#checkObject(path, id, linux instanceof Linux ? linux : null);
          continue;
        }
        this.#found("object-invalid-name", path, `expected a ${objects.algorithm} digest`);
        lengthIsWrong ||= isObjectId(id, objects.algorithm === "sha256" ? "sha512" : "sha256");
      }
      onProgress?.({ kind: "progress", id: "objects", done: done + 1 });
    });
    if (lengthIsWrong) {
      const message = `objects are named by another algorithm than ${objects.algorithm}`;
      this.#found("metadata-algorithm-mismatch", METADATA_NAME, message);
    }
    onProgress?.({ kind: "done", id: "objects", done: this.#objectsChecked });
    if (linux instanceof Linux) linux.close();
  }

  #checkObject(path: string, id: ObjectId, linux: Linux | null): void {
    const { objects } = this.#repository;
    this.#objectsChecked++;
    try {
      const observed = objects.measure(id);
      if (observed !== id) {
        return this.#found("object-digest-mismatch", path, `its digest is ${observed}`);
      }
    } catch (error) {
      return this.#found("object-open-failed", path, orThrow(error));
    }
    if (linux === null) return;
    try {
      if (!hasProtection(linux, objects.pathOf(id))) {
        this.#found("object-verity-missing", path, "it has no fs-verity");
      }
    } catch (error) {
      this.#found("object-verity-failed", path, orThrow(error));
    }
  }

  /** The names of a directory that lead to objects which are there. */
  *#links(directory: LinkDirectory): Generator<[string, ObjectId]> {
    const { objects } = this.#repository;
    const { kind } = directory;
    for (const entry of this.#entries(kind)) {
      this.#options.signal?.throwIfAborted();
      const { name } = entry;
      if (name === REFS && entry.isDirectory) continue;
      const path = `${kind}/${name}`;
      if (!entry.isSymlink || !isEntryName(name)) {
        this.#found("entry-not-symlink", path, "expected a symbolic link");
        continue;
      }
      const text = readLink(join(directory.path, name));
      const id = text === null ? null : directory.parseLink(text);
      if (id === null) {
        this.#found("broken-symlink", path, `it leads to "${text}", expected an object`);
        continue;
      }
      try {
        if (objects.sizeOf(id) !== null) yield [name, id];
        else this.#found("broken-symlink", path, `its object ${id} is not there`);
      } catch (error) {
        const code = error instanceof ImageError ? error.code : "IO";
        const problem = code === "CORRUPT" ? "unexpected-file-type" : "stat-failed";
        this.#found(problem, path, orThrow(error));
      }
    }
  }

  async #checkStream(name: string, id: ObjectId): Promise<void> {
    const { objects } = this.#repository;
    const path = `streams/${name}`;
    this.#streamsChecked++;
    let stream: Splitstream;
    try {
      stream = await Splitstream.open(objects, id);
    } catch (error) {
      return this.#found("stream-open-failed", path, orThrow(error));
    }
    if (!this.#hasAll(stream.objects(), path, "missing-object-ref")) return;
    for (const [ref, target] of stream.namedRefs) {
      if (this.#isThere(target, path)) continue;
      this.#found("missing-named-ref", path, `its ${ref}, object ${target}, is not there`);
    }
    try {
      // The bytes of objects are compared with their names elsewhere; here their sizes will do.
      let sizeBytes = 0;
      await stream.read({
        inline: (bytes) => void (sizeBytes += bytes.length),
        object: (object) => void (sizeBytes += objects.sizeOf(object) ?? 0),
      });
      if (sizeBytes !== stream.sizeBytes) {
        const message = `it holds ${sizeBytes} bytes, expected ${stream.sizeBytes}`;
        this.#found("stream-read-failed", path, message);
      }
    } catch (error) {
      this.#found("stream-read-failed", path, orThrow(error));
    }
  }

  #checkImage(name: string, id: ObjectId): void {
    const { objects } = this.#repository;
    const path = `images/${name}`;
    this.#imagesChecked++;
    if (name !== id) {
      return this.#found("image-invalid", path, `it leads to object ${id}, expected its own name`);
    }
    try {
      objects.open(id).close();
    } catch (error) {
      return this.#found("image-open-failed", path, orThrow(error));
    }
    try {
      this.#hasAll(imageObjects(objects, id), path, "image-missing-object");
    } catch (error) {
      const code = error instanceof ImageError ? error.code : "IO";
      const kind = code === "IO" || code === "PERMISSION" ? "image-read-failed" : "image-invalid";
      this.#found(kind, path, orThrow(error));
    }
  }

  #hasAll(ids: Iterable<ObjectId>, path: string, kind: FsckKind): boolean {
    let hasAll = true;
    for (const id of ids) {
      if (this.#isThere(id, path)) continue;
      hasAll = false;
      this.#found(kind, path, `object ${id} is not there`);
    }
    return hasAll;
  }

  #isThere(id: ObjectId, path: string): boolean {
    try {
      return this.#repository.objects.sizeOf(id) !== null;
    } catch (error) {
      this.#found("object-check-failed", path, orThrow(error));
      return true;
    }
  }

  #checkRefs(directory: LinkDirectory, prefix: string): void {
    const parent = join(directory.kind, REFS, prefix);
    for (const entry of this.#entries(parent)) {
      const name = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
      const path = `${parent}/${entry.name}`;
      if (entry.isDirectory) {
        this.#checkRefs(directory, name);
        continue;
      }
      this.#refsChecked++;
      if (!entry.isSymlink) {
        this.#found("entry-not-symlink", path, "expected a symbolic link");
        continue;
      }
      try {
        const target = directory.refTarget(name);
        if (target === null || directory.objectOf(target) === null) {
          this.#found("broken-symlink", path, `it leads to ${target}, which is not there`);
        }
      } catch (error) {
        this.#found("broken-symlink", path, orThrow(error));
      }
    }
  }
}

/** The error, where it is one of the input or the world; a bug is thrown. */
function orThrow(error: unknown): ImageError {
  if (error instanceof ImageError) return error;
  throw error;
}
