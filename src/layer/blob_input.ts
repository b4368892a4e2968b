/**
 * The bytes of a blob as stored, in order, hashed and counted on the way.
 *
 * @module
 */
import { closeSync, openSync, readSync } from "node:fs";
import { ImageError } from "../image_error.ts";
import { systemError } from "../io/system_error.ts";
import { ArrivalReader } from "./blob_arrival.ts";
import { DigestCheck } from "./digest_check.ts";
import type { BlobLocation, TarLayerJob } from "./layer.ts";

/** Bytes of one read; measured best. */
export const READ_SIZE = 256 * 1024;

/** A file of blobs. */
type FileLocation = Extract<BlobLocation, { kind: "file" }>;

/**
 * Reads a blob through a window: `[start, end)` of `bytes` is what was read and not yet consumed.
 * A file is read at positions, so that several inputs may share one file.
 */
export class BlobInput {
  /** Holds the window. */
  bytes: Uint8Array;
  /** First byte of the window in `bytes`. */
  start = 0;
  /** First byte behind the window in `bytes`. */
  end = 0;
  readonly #size: number;
  readonly #check: DigestCheck | null;
  readonly #location: FileLocation | null;
  readonly #arrival: ArrivalReader | null;
  #descriptor: number | null = null;
  #readBytes = 0;

  /** Opens the blob of `job`; throws `ImageError` where that fails or its digest is malformed. */
  constructor(job: TarLayerJob) {
    this.#size = job.size;
    this.#check = job.digest === null ? null : new DigestCheck(job.digest, "layer blob");
    const location = job.location;
    if (location.kind === "memory") {
      this.bytes = location.bytes;
      this.#location = null;
      this.#arrival = null;
      if (location.bytes.length !== job.size) throw this.#wrongSize(location.bytes.length);
      return;
    }
    this.bytes = new Uint8Array(Math.min(READ_SIZE, Math.max(job.size, 1)));
    this.#location = location;
    this.#arrival = location.arriving ? new ArrivalReader(location.arriving.counter) : null;
    // What is still to come has no file before its first byte.
    if (this.#arrival === null) this.#descriptor = openBlob(location);
  }

  /** Bytes of the blob that were read so far. */
  get readBytes(): number {
    return this.#readBytes;
  }

  /** Place in the blob of the first byte that is not consumed. */
  get position(): number {
    return this.#readBytes - (this.end - this.start);
  }

  /** `true` when the blob has a digest, which `finish` compares. */
  get hasDigest(): boolean {
    return this.#check !== null;
  }

  /** Whether the bytes of the next `fill`, and of one after it, are there: it will not block. */
  get isReady(): boolean {
    return this.#arrival === null || this.#arrival.isFailed || this.#arrival.has(this.#nextEnd);
  }

  /** Resolves when the input is ready. */
  async ready(): Promise<void> {
    await this.#arrival?.arrival(this.#nextEnd);
  }

  /**
   * Makes sure that the window is not empty; `false` at the end of the blob. Throws `ImageError`
   * `DIGEST_MISMATCH` where the file ends before the blob does. Where the blob is still being
   * downloaded this blocks until its next bytes are there; `IO` where they will not come.
   */
  fill(): boolean {
    if (this.start < this.end) return true;
    const count = Math.min(this.#size - this.#readBytes, READ_SIZE);
    if (count === 0) return false;
    if (this.#location === null) {
      this.start = this.#readBytes;
      this.end = this.start + count;
    } else {
      this.start = 0;
      this.end = this.#readFile(this.bytes, 0, count);
    }
    this.#readBytes += this.end - this.start;
    this.#check?.update(this.bytes.subarray(this.start, this.end));
    return true;
  }

  /** The next byte, -1 at the end of the blob. */
  readByte(): number {
    return this.start < this.end || this.fill() ? this.bytes[this.start++] : -1;
  }

  /** Copies what comes next to `into` from `at` on; answers where it stopped (`at` at the end). */
  readInto(into: Uint8Array, at: number): number {
    if (!this.fill()) return at;
    const count = Math.min(this.end - this.start, into.length - at);
    into.set(this.bytes.subarray(this.start, this.start + count), at);
    this.start += count;
    return at + count;
  }

  /** Reads and hashes a further piece without a use for it; `false` at the end of the blob. */
  drainPiece(): boolean {
    this.start = this.end;
    return this.fill();
  }

  /**
   * The blob was read to its end: compares its digest. Throws `ImageError` `DIGEST_MISMATCH`.
   */
  finish(): void {
    this.#check?.finish();
  }

  /** Gives the file back. */
  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }

  get #nextEnd(): number {
    return Math.min(this.#size, this.#readBytes + 2 * READ_SIZE);
  }

  #readFile(into: Uint8Array, at: number, count: number): number {
    const location = this.#location!;
    this.#await(this.#readBytes + count);
    const descriptor = this.#descriptor ??= openBlob(location);
    const { path, offset } = location;
    let filled = at;
    try {
      while (filled < count) {
        const got = readSync(
          descriptor,
          into,
          filled,
          count - filled,
          offset + this.#readBytes + filled,
        );
        if (got === 0) break;
        filled += got;
      }
    } catch (error) {
      throw systemError(error, "read layer blob", path);
    }
    if (filled < count) throw this.#wrongSize(this.#readBytes + filled);
    return filled;
  }

  #await(byteCount: number): void {
    if (this.#arrival === null) return;
    this.#arrival.block(byteCount);
    if (this.#arrival.has(byteCount)) return;
    throw new ImageError(
      "IO",
      `Cannot read layer blob: its download ended before byte ${byteCount}, expected ${this.#size}`,
    );
  }

  #wrongSize(observed: number): ImageError {
    return new ImageError(
      "DIGEST_MISMATCH",
      `Cannot read layer blob: it has ${observed} bytes, expected ${this.#size}`,
      { where: this.#location === null ? {} : { source: this.#location.path } },
    );
  }
}

/** Opens the file of a blob, which has two names one after the other while it is downloaded. */
function openBlob({ path, arriving }: FileLocation): number {
  if (arriving !== undefined) {
    try {
      return openSync(arriving.partialPath, "r");
    } catch {
      // Complete already, and so under its own name.
    }
  }
  try {
    return openSync(path, "r");
  } catch (error) {
    throw systemError(error, "open layer blob", path);
  }
}
