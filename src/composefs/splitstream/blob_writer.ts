/**
 * Stores a blob that is no tar, as a layer of an artifact: a stream of one object.
 *
 * @module
 */
import type { ObjectStore, StoredObject } from "../repository/object_store.ts";
import type { ObjectWriter } from "../repository/object_writer.ts";
import { SplitstreamWriter } from "./splitstream_writer.ts";

/** Takes the bytes of a blob as a `LayerSplitter` takes those of a tar. */
export class BlobWriter {
  readonly #store: ObjectStore;
  readonly #object: ObjectWriter;

  /** Begins a blob; it must be ended or aborted. */
  constructor(store: ObjectStore) {
    this.#store = store;
    this.#object = store.begin();
  }

  /** Takes the next bytes; the memory may be reused after the call. Throws `ImageError`. */
  push(bytes: Uint8Array): void {
    this.#object.write(bytes);
  }

  /** The blob is complete, and its digest was compared: stores object and stream. */
  async end(): Promise<StoredObject> {
    const { id, sizeBytes } = this.#object.end();
    const stream = new SplitstreamWriter(this.#store, "oci_blob");
    try {
      stream.writeObject(id, sizeBytes);
      return await stream.end();
    } finally {
      stream.abort();
    }
  }

  /** Gives everything back; without effect behind `end`. */
  abort(): void {
    this.#object.abort();
  }
}
