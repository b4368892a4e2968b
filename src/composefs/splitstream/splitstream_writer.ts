/**
 * Writes a splitstream: bytes and references to objects, from which the original is made again bit by
 * bit.
 *
 * ```text
 * header | info | stream references | object references | names (zstd) | stream (zstd)
 * ```
 *
 * The stream is a list of chunks: an i64 that is negative stands before as many bytes, any other is
 * the number of an object.
 *
 * @module
 */
import { bytesOf, utf8ByteString } from "../../bytes/byte_string.ts";
import {
  VERITY_ALGORITHM_NUMBERS,
  VERITY_LOG_BLOCK_SIZE,
} from "../../fsverity/verity_algorithm.ts";
import { systemError } from "../../io/system_error.ts";
import type { ObjectId } from "../repository/object_id.ts";
import { type ObjectStore, removeIfThere, type StoredObject } from "../repository/object_store.ts";
import { append, InlineRun } from "./inline_run.ts";
import {
  SPLITSTREAM_HEADER_SIZE,
  SPLITSTREAM_INFO_SIZE,
  SPLITSTREAM_MAGIC,
  type SplitstreamInfo,
  writeSplitstreamHeader,
  writeSplitstreamInfo,
} from "./splitstream_header.ts";
import { zstdFrame, ZstdOutput } from "./zstd_output.ts";

/** What a stream holds, in eight characters. */
export type ContentType = "ocilayer" | "ociconfg" | "ocimanif" | "oci_blob";

/** Bytes of one read. */
const READ_SIZE = 256 * 1024;
/** Bytes that are compressed at a time. */
const STAGE_SIZE = 128 * 1024;

/** Writes one stream. It must be ended or aborted. */
export class SplitstreamWriter {
  readonly #store: ObjectStore;
  readonly #contentType: ContentType;
  readonly #objectRefs = new RefTable();
  readonly #streamRefs = new RefTable();
  readonly #names = new Map<string, number>();
  readonly #zstd: ZstdOutput;
  readonly #path: string;
  #file: Deno.FsFile | null = null;
  #compressedBytes = 0;
  #sizeBytes = 0;
  // What waits to be compressed: long runs with what is in front of them, and what is behind those.
  #queue: (Uint8Array | InlineRun)[] = [];
  #staged: Uint8Array = new Uint8Array(STAGE_SIZE);
  #stagedBytes = 0;
  // The run of bytes that is not complete.
  #run: InlineRun;
  readonly #number = new Uint8Array(8);

  /** Begins a stream in `store`. */
  constructor(store: ObjectStore, contentType: ContentType) {
    this.#store = store;
    this.#contentType = contentType;
    this.#run = new InlineRun(store);
    this.#path = store.temporaryPath();
    this.#zstd = new ZstdOutput((bytes) => this.#writeCompressed(bytes));
  }

  /** Adds bytes; the memory may be reused after the call. */
  writeInline(bytes: Uint8Array): void {
    this.#sizeBytes += bytes.length;
    if (bytes.length > 0) this.#run.append(bytes);
  }

  /** Adds a whole object of `sizeBytes`. */
  writeObject(id: ObjectId, sizeBytes: number): void {
    this.#endRun();
    this.#sizeBytes += sizeBytes;
    this.#stage(this.#numberBytes(this.#objectRefs.add(id)));
  }

  /** Names another stream, or an image, by its object. */
  addNamedRef(name: string, id: ObjectId): void {
    this.#names.set(utf8ByteString(name), this.#streamRefs.add(id));
  }

  /** Compresses what was added; to be called now and then, so that not too much waits. */
  async flush(): Promise<void> {
    for (const item of this.#queue) {
      if (item instanceof Uint8Array) {
        await this.#zstd.write(item);
        continue;
      }
      for (const piece of item.pieces()) await this.#zstd.write(piece);
      item.close();
    }
    this.#queue = [];
    // Each call of the compressor costs, so small pieces wait for more.
    if (this.#stagedBytes >= STAGE_SIZE) await this.#compressStaged();
  }

  /** The stream is complete: stores it. Rejects with `ImageError`. */
  async end(): Promise<StoredObject> {
    this.#endRun();
    await this.flush();
    await this.#compressStaged();
    await this.#zstd.end();
    const names = await zstdFrame(this.#namesText());
    const object = this.#store.beginEssential();
    try {
      for (const bytes of this.#head(names)) object.write(bytes);
      for (const bytes of this.#compressed()) object.write(bytes);
      return object.end();
    } finally {
      object.abort();
      this.abort();
    }
  }

  /** Gives everything back; without effect behind `end`. */
  abort(): void {
    this.#zstd.close();
    this.#file?.close();
    this.#file = null;
    removeIfThere(this.#path);
    this.#run.close();
    for (const item of this.#queue) if (item instanceof InlineRun) item.close();
    this.#queue = [];
  }

  #stage(bytes: Uint8Array): void {
    this.#staged = append(this.#staged, this.#stagedBytes, bytes);
    this.#stagedBytes += bytes.length;
  }

  async #compressStaged(): Promise<void> {
    await this.#zstd.write(this.#staged.subarray(0, this.#stagedBytes));
    this.#stagedBytes = 0;
  }

  #endRun(): void {
    const { sizeBytes, memory } = this.#run;
    if (sizeBytes === 0) return;
    this.#stage(this.#numberBytes(-sizeBytes));
    if (memory !== null) {
      this.#stage(memory);
      this.#run.clear();
      return;
    }
    this.#queue.push(this.#staged.slice(0, this.#stagedBytes), this.#run);
    this.#stagedBytes = 0;
    this.#run = new InlineRun(this.#store);
  }

  #numberBytes(value: number): Uint8Array {
    new DataView(this.#number.buffer).setBigInt64(0, BigInt(value), true);
    return this.#number;
  }

  #writeCompressed(bytes: Uint8Array): void {
    try {
      this.#file ??= Deno.openSync(this.#path, { read: true, write: true, createNew: true });
      for (let done = 0; done < bytes.length;) done += this.#file.writeSync(bytes.subarray(done));
      this.#compressedBytes += bytes.length;
    } catch (error) {
      throw systemError(error, "write stream", this.#path);
    }
  }

  *#compressed(): Generator<Uint8Array> {
    const piece = new Uint8Array(READ_SIZE);
    try {
      this.#file!.seekSync(0, Deno.SeekMode.Start);
      for (;;) {
        const count = this.#file!.readSync(piece);
        if (count === null) return;
        yield piece.subarray(0, count);
      }
    } catch (error) {
      throw systemError(error, "read stream", this.#path);
    }
  }

  #namesText(): Uint8Array {
    const names = [...this.#names.keys()].sort();
    return bytesOf(names.map((name) => `${this.#names.get(name)}:${name}\0`).join(""));
  }

  /** Everything in front of the stream. */
  *#head(names: readonly Uint8Array[]): Generator<Uint8Array> {
    const infoEnd = SPLITSTREAM_HEADER_SIZE + SPLITSTREAM_INFO_SIZE;
    const streamRefsEnd = infoEnd + this.#streamRefs.sizeBytes;
    const objectRefsEnd = streamRefsEnd + this.#objectRefs.sizeBytes;
    const namedRefsEnd = objectRefsEnd + names.reduce((sum, { length }) => sum + length, 0);
    const info: SplitstreamInfo = {
      streamRefsStart: infoEnd,
      streamRefsEnd,
      objectRefsStart: streamRefsEnd,
      objectRefsEnd,
      streamStart: namedRefsEnd,
      streamEnd: namedRefsEnd + this.#compressedBytes,
      namedRefsStart: objectRefsEnd,
      namedRefsEnd,
      contentType: bytesOf(this.#contentType),
      sizeBytes: this.#sizeBytes,
    };
    const head = new Uint8Array(infoEnd);
    const view = new DataView(head.buffer);
    writeSplitstreamHeader(view, 0, {
      magic: SPLITSTREAM_MAGIC,
      version: 0,
      flags: 0,
      algorithm: VERITY_ALGORITHM_NUMBERS[this.#store.algorithm],
      logBlockSize: VERITY_LOG_BLOCK_SIZE,
      infoStart: SPLITSTREAM_HEADER_SIZE,
      infoEnd,
    });
    writeSplitstreamInfo(view, SPLITSTREAM_HEADER_SIZE, info);
    yield head;
    yield* this.#streamRefs.bytes();
    yield* this.#objectRefs.bytes();
    yield* names;
  }
}

/** References in the order of their first use. */
class RefTable {
  readonly #numbers = new Map<ObjectId, number>();
  #digestSize = 0;

  get sizeBytes(): number {
    return this.#numbers.size * this.#digestSize;
  }

  /** The number of an object. */
  add(id: ObjectId): number {
    this.#digestSize = id.length / 2;
    let number = this.#numbers.get(id);
    if (number === undefined) this.#numbers.set(id, number = this.#numbers.size);
    return number;
  }

  *bytes(): Generator<Uint8Array> {
    for (const id of this.#numbers.keys()) yield Uint8Array.fromHex(id);
  }
}
