/**
 * The bytes of files on their way into an image: into the image itself, into an object, or no further
 * than the name of an object.
 *
 * @module
 */
import type { FileWriter } from "../../format/image_format.ts";
import type { VerityDigester } from "../../fsverity/verity_digest.ts";
import { type ObjectStore, removeIfThere } from "../repository/object_store.ts";
import type { ObjectWriter } from "../repository/object_writer.ts";
import { type ImageContent, objectContent } from "./content.ts";

/** Counts who uses the objects that are new, so that those of dead bodies go away again. */
export class ObjectCount {
  readonly #store: ObjectStore | null;
  readonly #uses = new Map<string, number>();

  /** For the objects of `store`, where there is one. */
  constructor(store: ObjectStore | null) {
    this.#store = store;
  }

  /** One more file has its bytes there; `isNew` where it was stored for it. */
  add(id: string, isNew: boolean): void {
    const uses = this.#uses.get(id);
    if (uses !== undefined || isNew) this.#uses.set(id, (uses ?? 0) + 1);
  }

  /** One file fewer has its bytes there. */
  release(id: string): void {
    const uses = this.#uses.get(id);
    if (uses === undefined) return;
    if (uses > 1) {
      this.#uses.set(id, uses - 1);
      return;
    }
    this.#uses.delete(id);
    removeIfThere(this.#store!.pathOf(id));
  }
}

/** Takes the bytes of one file. */
export interface BodyWriter extends FileWriter<ImageContent> {
  /** Forgets the file; without effect when it has ended. */
  abort(): void;
}

/** A file whose bytes stand in the image. */
export class InlineBody implements BodyWriter {
  readonly #bytes: Uint8Array;
  #fill = 0;

  /** A file of as many bytes as there is room. */
  constructor(room: Uint8Array) {
    this.#bytes = room;
  }

  write(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#fill);
    this.#fill += bytes.length;
  }

  skip(byteCount: number): void {
    this.#fill += byteCount;
  }

  end(): ImageContent {
    checkSize(this.#fill, this.#bytes.length);
    return { bytes: this.#bytes };
  }

  abort(): void {}
}

/** A file whose object gets its name alone. */
export class NamedBody implements BodyWriter {
  readonly #size: number;
  readonly #digester: VerityDigester;

  /** A file of `size` bytes; `digester` is in no other file. */
  constructor(size: number, digester: VerityDigester) {
    this.#size = size;
    this.#digester = digester;
  }

  write(bytes: Uint8Array): void {
    this.#digester.write(bytes);
  }

  skip(byteCount: number): void {
    this.#digester.skip(byteCount);
  }

  end(): ImageContent {
    checkSize(this.#digester.size, this.#size);
    return objectContent(this.#digester.end().toHex());
  }

  abort(): void {}
}

/** A file that is stored as an object. */
export class StoredBody implements BodyWriter {
  readonly #size: number;
  readonly #object: ObjectWriter;
  readonly #objects: ObjectCount;

  /** A file of `size` bytes for `store`. */
  constructor(size: number, store: ObjectStore, objects: ObjectCount) {
    this.#size = size;
    this.#object = store.begin();
    this.#objects = objects;
  }

  write(bytes: Uint8Array): void {
    this.#object.write(bytes);
  }

  skip(byteCount: number): void {
    this.#object.skip(byteCount);
  }

  end(): ImageContent {
    checkSize(this.#object.sizeBytes, this.#size);
    const { id, isNew } = this.#object.end();
    this.#objects.add(id, isNew);
    return objectContent(id);
  }

  abort(): void {
    this.#object.abort();
  }
}

function checkSize(observed: number, expected: number): void {
  if (observed !== expected) {
    throw new RangeError(`Cannot end file: ${observed} bytes were given, expected ${expected}`);
  }
}
