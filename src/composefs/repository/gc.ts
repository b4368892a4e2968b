/**
 * Removes from a repository what no name leads to.
 *
 * @module
 */
import { join } from "node:path";
import { ImageError } from "../../image_error.ts";
import { systemError } from "../../io/system_error.ts";
import { mountedImages } from "./mounted_images.ts";
import { headerForm, SPLITSTREAM_HEADER_SIZE } from "../splitstream/splitstream_header.ts";
import { Splitstream } from "../splitstream/splitstream_reader.ts";
import { imageObjects, isImage } from "./image_objects.ts";
import { entriesIn, isEntryName, type LinkDirectory } from "./link_directory.ts";
import { isObjectId, type ObjectId } from "./object_id.ts";
import type { Repository } from "./repository.ts";

/** A name that keeps what it leads to only as long as something else keeps a stream. */
export interface ConditionalRef {
  /** The name below `streams/refs`. */
  readonly ref: string;
  /** The stream that must be kept for another reason. */
  readonly stream: string;
}

/** Options of {@linkcode collectGarbage}. */
export interface GarbageOptions {
  /** Further names to keep: of images or streams, or their refs. */
  readonly roots?: readonly string[];
  /** Counts and removes nothing. */
  readonly dryRun?: boolean;
  /** Names that are no reason to keep what they lead to by themselves. */
  readonly conditional?: readonly ConditionalRef[];
  /** Stops between two steps, with its reason. */
  readonly signal?: AbortSignal;
}

/** What was removed, or would be. */
export interface GarbageReport {
  /** Objects. */
  readonly objectsRemoved: number;
  /** Bytes of them. */
  readonly objectsBytes: number;
  /** Names of images. */
  readonly imagesPruned: number;
  /** Names of streams. */
  readonly streamsPruned: number;
  /** Names in `refs` that led nowhere, or whose condition was not met. */
  readonly refsPruned: number;
}

/**
 * Removes all objects, images and streams to which no name in `refs` leads, and which no image needs
 * that is mounted. The repository is open alone (`exclusive`), or to be read where all is counted only.
 *
 * Rejects with `ImageError`; then nothing was removed where a stream or image that is kept cannot be
 * read, since nobody knows what it needs.
 */
export async function collectGarbage(
  repository: Repository,
  options: GarbageOptions = {},
): Promise<GarbageReport> {
  const live = new LiveObjects(repository, options.signal);
  const conditional = new Map((options.conditional ?? []).map((it) => [it.ref, it.stream]));
  const imageRefs = repository.images.refs();
  const streamRefs = repository.streams.refs();
  for (const { target } of imageRefs) if (target !== null) await live.keepImage(target);
  for (const { name, target } of streamRefs) {
    if (target !== null && !conditional.has(name)) await live.keepStream(target);
  }
  for (const id of mountedImages(repository.objects)) await live.keep(id);
  for (const root of options.roots ?? []) await keepNamed(repository, live, root);
  const pending = new Map(conditional);
  for (let isGrowing = true; isGrowing;) {
    isGrowing = false;
    for (const [ref, stream] of pending) {
      if (!live.hasStream(stream)) continue;
      const target = streamRefs.find(({ name }) => name === ref)?.target;
      if (target) await live.keepStream(target);
      pending.delete(ref);
      isGrowing = true;
    }
  }
  const sweep = new Sweep(repository, live, options);
  for (const { name, target } of imageRefs) {
    if (target === null || !live.isLinked(repository.images, target)) sweep.images(name);
  }
  for (const { name, target } of streamRefs) {
    const isDead = target === null || pending.has(name) ||
      !live.isLinked(repository.streams, target);
    if (isDead) sweep.streams(name);
  }
  return sweep.run();
}

/** What must stay. */
class LiveObjects {
  readonly #repository: Repository;
  readonly #signal: AbortSignal | undefined;
  readonly #ids = new Set<ObjectId>();
  // Streams and images of which all that they lead to is kept. Files of containers may have the same
  // bytes: as such they lead to nothing.
  readonly #followed = new Set<ObjectId>();

  constructor(repository: Repository, signal: AbortSignal | undefined) {
    this.#repository = repository;
    this.#signal = signal;
  }

  has(id: ObjectId): boolean {
    return this.#ids.has(id);
  }

  hasStream(name: string): boolean {
    return this.isLinked(this.#repository.streams, name);
  }

  /** Whether a name leads to an object that stays with all that it leads to. */
  isLinked(directory: LinkDirectory, name: string): boolean {
    const id = this.#objectOf(directory, name);
    return id !== null && this.#followed.has(id);
  }

  async keepImage(name: string): Promise<void> {
    await this.keep(this.#objectOf(this.#repository.images, name));
  }

  async keepStream(name: string): Promise<void> {
    await this.keep(this.#objectOf(this.#repository.streams, name));
  }

  #objectOf(directory: LinkDirectory, name: string): ObjectId | null {
    try {
      return directory.objectOf(name);
    } catch (error) {
      // What is no link to an object leads nowhere.
      if (error instanceof ImageError && error.code === "CORRUPT") return null;
      throw error;
    }
  }

  /** Keeps an object and all that it leads to. */
  async keep(first: ObjectId | null): Promise<void> {
    if (first === null) return;
    const { objects } = this.#repository;
    const pending = [first];
    for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
      this.#signal?.throwIfAborted();
      // What is not there keeps nothing.
      if (this.#followed.has(id) || objects.sizeOf(id) === null) continue;
      this.#followed.add(id);
      this.#ids.add(id);
      const head = this.#headOf(id);
      if (headerForm(head, 0) !== null) {
        const stream = await Splitstream.open(objects, id);
        for (const object of stream.objects()) this.#ids.add(object);
        pending.push(...stream.references());
      } else if (isImage(head)) {
        for (const object of imageObjects(objects, id)) this.#ids.add(object);
      }
    }
  }

  #headOf(id: ObjectId): Uint8Array {
    const source = this.#repository.objects.open(id);
    try {
      const head = new Uint8Array(SPLITSTREAM_HEADER_SIZE);
      source.read(head, 0);
      return head;
    } finally {
      source.close();
    }
  }
}

async function keepNamed(repository: Repository, live: LiveObjects, name: string): Promise<void> {
  const { images, streams } = repository;
  const isEntry = isEntryName(name);
  if (isEntry && images.objectOf(name) !== null) return await live.keepImage(name);
  if (isEntry && streams.objectOf(name) !== null) return await live.keepStream(name);
  const ref = name.replace(/^refs\//, "");
  const image = images.refTarget(ref);
  if (image !== null) return await live.keepImage(image);
  const stream = streams.refTarget(ref);
  if (stream !== null) return await live.keepStream(stream);
  throw new ImageError(
    "NOT_FOUND",
    `Cannot keep "${name}": the repository has no such name, expected an image or a stream`,
    { where: { source: repository.path } },
  );
}

/** Removes what is not live: names first, so that none ever leads to nothing. */
class Sweep {
  readonly #repository: Repository;
  readonly #live: LiveObjects;
  readonly #options: GarbageOptions;
  readonly #imageRefs: string[] = [];
  readonly #streamRefs: string[] = [];

  constructor(repository: Repository, live: LiveObjects, options: GarbageOptions) {
    this.#repository = repository;
    this.#live = live;
    this.#options = options;
  }

  /** A name of an image is to go. */
  images(ref: string): void {
    this.#imageRefs.push(ref);
  }

  /** A name of a stream is to go. */
  streams(ref: string): void {
    this.#streamRefs.push(ref);
  }

  run(): GarbageReport {
    const { images, streams } = this.#repository;
    if (this.#options.dryRun !== true) {
      for (const ref of this.#imageRefs) images.removeRef(ref);
      for (const ref of this.#streamRefs) streams.removeRef(ref);
    }
    const refsPruned = this.#imageRefs.length + this.#streamRefs.length;
    const imagesPruned = this.#sweepLinks(images);
    const streamsPruned = this.#sweepLinks(streams);
    return { ...this.#sweepObjects(), imagesPruned, streamsPruned, refsPruned };
  }

  #sweepLinks(directory: LinkDirectory): number {
    let count = 0;
    for (const name of directory.names()) {
      if (this.#live.isLinked(directory, name)) continue;
      count++;
      if (this.#options.dryRun !== true) directory.remove(name);
    }
    return count;
  }

  #sweepObjects(): { objectsRemoved: number; objectsBytes: number } {
    const { objects } = this.#repository;
    let objectsRemoved = 0;
    let objectsBytes = 0;
    for (const { name: head, isDirectory } of entriesIn(objects.directory)) {
      if (!isDirectory || !/^[0-9a-f]{2}$/.test(head)) continue;
      for (const { name, isFile } of entriesIn(join(objects.directory, head))) {
        // What is no object is not ours.
        const id = head + name;
        if (!isFile || !isObjectId(id, objects.algorithm) || this.#live.has(id)) continue;
        this.#options.signal?.throwIfAborted();
        objectsBytes += objects.sizeOf(id) ?? 0;
        objectsRemoved++;
        if (this.#options.dryRun !== true) removeObject(objects.pathOf(id));
      }
    }
    return { objectsRemoved, objectsBytes };
  }
}

function removeObject(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    throw systemError(error, "remove object", path);
  }
}
