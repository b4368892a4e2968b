/**
 * Turns the tar of a layer into a splitstream: the content of files becomes objects, everything else
 * stays as it is.
 *
 * @module
 */
import type { LayerEntry, LayerVisitor } from "../../layer/layer_entry.ts";
import { TarParser } from "../../layer/tar/tar_parser.ts";
import type { NoticeListener } from "../../notice.ts";
import { FileKind } from "../../tree/inode.ts";
import type { ObjectStore, StoredObject } from "../repository/object_store.ts";
import type { ObjectWriter } from "../repository/object_writer.ts";
import type { SharedBodies } from "./shared_bodies.ts";
import { SplitstreamWriter } from "./splitstream_writer.ts";

/** Largest content that stays in the stream, and in an image, in bytes. */
export const LARGEST_INLINE = 64;

/** Splits one tar. It must be ended or aborted. */
export class LayerSplitter {
  readonly #stream: SplitstreamWriter;
  readonly #parser: TarParser;
  readonly #bodies: BodyVisitor;

  /** Begins a stream in `store`; what is in `shared` becomes objects as it is. */
  constructor(store: ObjectStore, onNotice?: NoticeListener, shared?: SharedBodies) {
    this.#stream = new SplitstreamWriter(store, "ocilayer");
    this.#bodies = new BodyVisitor(store, this.#stream, shared ?? null);
    this.#parser = new TarParser(this.#bodies, onNotice);
  }

  /** The stream in the making, for names. */
  get stream(): SplitstreamWriter {
    return this.#stream;
  }

  /** Takes the next bytes of the tar. Rejects with `ImageError` where they are no tar. */
  async push(chunk: Uint8Array): Promise<void> {
    this.#bodies.begin(chunk);
    this.#parser.push(chunk);
    this.#bodies.finish();
    await this.#stream.flush();
  }

  /** The tar is complete: stores the stream. */
  async end(): Promise<StoredObject> {
    this.#parser.finish();
    return await this.#stream.end();
  }

  /** Gives everything back. */
  abort(): void {
    this.#bodies.abort();
    this.#stream.abort();
  }
}

/**
 * Hears of the content of files and passes on everything between. What a tar reader hands over are
 * parts of the piece that it was given, so their places in it are known.
 */
class BodyVisitor implements LayerVisitor {
  readonly #store: ObjectStore;
  readonly #stream: SplitstreamWriter;
  readonly #shared: SharedBodies | null;
  #chunk: Uint8Array = new Uint8Array(0);
  // Where it begins in the tar.
  #chunkOffset = 0;
  // How much of the chunk was passed on.
  #taken = 0;
  #object: ObjectWriter | null = null;
  // How large it will be.
  #size = 0;
  // The tar does not hold the file as it is, so its bytes stay in the stream.
  #isSparse = false;

  constructor(store: ObjectStore, stream: SplitstreamWriter, shared: SharedBodies | null) {
    this.#store = store;
    this.#stream = stream;
    this.#shared = shared;
  }

  begin(chunk: Uint8Array): void {
    this.#chunkOffset += this.#chunk.length;
    this.#chunk = chunk;
    this.#taken = 0;
  }

  finish(): void {
    this.#passTo(this.#chunk.length);
  }

  entry({ inode }: LayerEntry): boolean {
    const isObject = inode !== null && inode.kind === FileKind.regular &&
      inode.size > LARGEST_INLINE;
    if (!isObject) return false;
    this.#object = this.#store.begin();
    this.#size = inode.size;
    this.#isSparse = false;
    return true;
  }

  write(bytes: Uint8Array): void {
    const object = this.#object!;
    const start = bytes.byteOffset - this.#chunk.byteOffset;
    if (this.#shared !== null && !this.#isSparse && object.sizeBytes === 0) {
      const path = this.#shared.claim(this.#chunkOffset + start, this.#size);
      if (path !== null) object.useFile(path);
    }
    object.write(bytes);
    if (this.#isSparse) return;
    this.#passTo(start);
    this.#taken = start + bytes.length;
  }

  skip(byteCount: number): void {
    const object = this.#object!;
    if (!this.#isSparse) {
      this.#isSparse = true;
      object.replay((bytes) => this.#stream.writeInline(bytes));
    }
    object.skip(byteCount);
  }

  end(): void {
    const { id, sizeBytes } = this.#object!.end();
    this.#object = null;
    if (!this.#isSparse) this.#stream.writeObject(id, sizeBytes);
  }

  abort(): void {
    this.#object?.abort();
    this.#object = null;
  }

  /** Passes on what stands in front of `end` in the chunk. */
  #passTo(end: number): void {
    if (end > this.#taken) this.#stream.writeInline(this.#chunk.subarray(this.#taken, end));
    this.#taken = Math.max(this.#taken, end);
  }
}
