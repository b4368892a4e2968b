/**
 * The uncompressed bytes of a layer in pieces, wherever they are decoded: here or in a worker.
 *
 * @module
 */
import { ImageError, type ImageErrorCode } from "../image_error.ts";
import { ArrivalReader } from "./blob_arrival.ts";
import type { Compression, TarLayerJob } from "./layer.ts";
import { type LayerBytes, type LayerBytesOptions, openLayerBytes } from "./layer_bytes.ts";
import { pause } from "./pause.ts";

/** Bytes of one piece, a multiple of the tar block; measured best. */
export const CHUNK_SIZE = 256 * 1024;

/** Errors that broken bytes may have caused. */
const CONTENT_ERRORS: ReadonlySet<ImageErrorCode> = new Set<ImageErrorCode>([
  "CORRUPT",
  "UNSUPPORTED",
  "UNSAFE_PATH",
  "LIMIT_EXCEEDED",
]);

/** What reading a blob to its end has shown. Plain data: a worker sends it. */
export interface BlobSummary {
  /** Bytes of the tar in it. */
  readonly uncompressedSize: number;
  /** How the blob is compressed, by its bytes. */
  readonly compression: Compression;
  /** Whether the blob's digest was compared; a difference is an error. */
  readonly isDigestVerified: boolean;
  /** Whether the `diffId` was compared; a difference is an error. */
  readonly isDiffIdVerified: boolean;
  /**
   * Digest (`sha256:…`) of all that was read, where the layer has none of its own; else `null`. Of a
   * tar the uncompressed bytes count.
   */
  readonly contentDigest: string | null;
}

/** The pieces of one layer, in order. */
export interface LayerChunks {
  /**
   * The next piece: {@linkcode CHUNK_SIZE} bytes, fewer only at the end, where every digest was
   * compared; `null` behind the last. Its memory is valid until the next call. Throws, or rejects
   * with, `ImageError`; `DIGEST_MISMATCH` comes first where the blob's bytes are wrong.
   */
  next(): Uint8Array | null | Promise<Uint8Array | null>;
  /** Bytes of the blob that were read so far. */
  readonly readBytes: number;
  /** What was read; known once `next` has answered `null`. */
  readonly summary: BlobSummary | null;
  /** Stops the work and gives files and memory back; may be called at any time, more than once. */
  close(): void;
}

/**
 * Decodes where it is called. A blob that is being downloaded is waited for as a whole, unless
 * another thread downloads it: to wait inside it may hold the thread up.
 */
export class InlineChunks implements LayerChunks {
  readonly #job: TarLayerJob;
  readonly #options: LayerBytesOptions;
  readonly #mayBlock: boolean;
  readonly #chunk = new Uint8Array(CHUNK_SIZE);
  #reader: LayerChunkReader | null = null;
  #isClosed = false;

  /** Opens the blob at the first call of `next`; `mayBlock` where another thread downloads. */
  constructor(job: TarLayerJob, options: LayerBytesOptions, mayBlock = false) {
    this.#job = job;
    this.#options = options;
    this.#mayBlock = mayBlock;
  }

  /** See {@linkcode LayerChunks.readBytes}. */
  get readBytes(): number {
    return this.#reader?.readBytes ?? 0;
  }

  /** See {@linkcode LayerChunks.summary}. */
  get summary(): BlobSummary | null {
    return this.#reader?.summary ?? null;
  }

  /** See {@linkcode LayerChunks.next}. */
  async next(): Promise<Uint8Array | null> {
    this.#reader ??= await this.#open();
    const size = await this.#reader.read(this.#chunk);
    return size === 0 ? null : this.#chunk.subarray(0, size);
  }

  /** See {@linkcode LayerChunks.close}. */
  close(): void {
    this.#isClosed = true;
    this.#reader?.close();
  }

  async #open(): Promise<LayerChunkReader> {
    const { location, size } = this.#job;
    if (!this.#mayBlock && location.kind === "file" && location.arriving !== undefined) {
      await new ArrivalReader(location.arriving.counter).arrival(size);
    }
    const reader = await LayerChunkReader.open(this.#job, this.#options);
    // Whoever closed this meanwhile does not come back.
    if (this.#isClosed) reader.close();
    return reader;
  }
}

/** Fills pieces from a blob and explains errors: wrong bytes explain everything. */
export class LayerChunkReader {
  readonly #bytes: LayerBytes;
  #isAtEnd = false;

  private constructor(bytes: LayerBytes) {
    this.#bytes = bytes;
  }

  /** Opens the blob of `job`. Rejects with `ImageError`. */
  static async open(job: TarLayerJob, options: LayerBytesOptions): Promise<LayerChunkReader> {
    return new LayerChunkReader(await openLayerBytes(job, options));
  }

  /** Bytes of the blob that were read so far. */
  get readBytes(): number {
    return this.#bytes.readBytes;
  }

  /** What was read, once that is all; else `null`. */
  get summary(): BlobSummary | null {
    if (!this.#isAtEnd) return null;
    const bytes = this.#bytes;
    return {
      uncompressedSize: bytes.size,
      compression: bytes.compression,
      isDigestVerified: bytes.hasVerifiedDigest,
      isDiffIdVerified: bytes.hasVerifiedDiffId,
      contentDigest: bytes.contentDigest,
    };
  }

  /**
   * Fills `into` and answers how many bytes there are: fewer than it holds only at the end, 0 only
   * behind it. Throws, or rejects with, `ImageError`.
   */
  read(into: Uint8Array): number | Promise<number> {
    if (this.#isAtEnd) return 0;
    try {
      const size = this.#bytes.read(into);
      return typeof size === "number" ? this.#took(size, into) : this.#readSlowly(size, into);
    } catch (error) {
      return this.#explain(error);
    }
  }

  /** Gives file and memory back. */
  close(): void {
    this.#bytes.close();
  }

  async #readSlowly(size: Promise<number>, into: Uint8Array): Promise<number> {
    try {
      return this.#took(await size, into);
    } catch (error) {
      return await this.#explain(error);
    }
  }

  #took(size: number, into: Uint8Array): number {
    if (size < into.length) this.#isAtEnd = true;
    return size;
  }

  async #explain(error: unknown): Promise<never> {
    if (!isContentError(error)) throw error;
    error.at({ offset: this.#bytes.size });
    try {
      await this.#bytes.verifyRest(pause);
    } catch (mismatch) {
      throw mismatchInstead(mismatch, error);
    }
    throw error;
  }
}

/** Whether broken bytes may be the reason for this error. */
export function isContentError(error: unknown): error is ImageError {
  return error instanceof ImageError && CONTENT_ERRORS.has(error.code);
}

/** The mismatch as the error to throw, at the place and with the cause that were found first. */
export function mismatchInstead(mismatch: unknown, error: ImageError): unknown {
  if (!(mismatch instanceof ImageError) || mismatch.code !== "DIGEST_MISMATCH") return mismatch;
  return new ImageError(mismatch.code, mismatch.message, { where: error.where, cause: error });
}
