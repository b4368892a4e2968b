/**
 * A layer's blob as the tar that is in it: read, verified, decompressed.
 *
 * Takes plain data and gives bytes, and knows nothing of what they mean.
 *
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import { ImageError } from "../image_error.ts";
import type { NoticeListener } from "../notice.ts";
import { BlobInput } from "./blob_input.ts";
import { type Decompressor, detectCompression } from "./decompress/decompressor.ts";
import { openDecompressor } from "./decompress/open_decompressor.ts";
import { DigestCheck } from "./digest_check.ts";
import type { Compression, TarLayerJob, UnpackedTar } from "./layer.ts";
import { type BodyTaker, TarAssembler } from "./tar_split/tar_assembler.ts";

/** Options of {@linkcode openLayerBytes}. */
export interface LayerBytesOptions {
  /** Where remarks go. */
  readonly onNotice?: NoticeListener;
  /** Compares the uncompressed bytes with the `diffId` even where the blob has a digest. */
  readonly verifyDiffIds?: boolean;
  /** Hears of the files of an unpacked layer. */
  readonly bodies?: BodyTaker;
}

/** Opens the blob of `job`. The result must be closed. Throws `ImageError`. */
export async function openLayerBytes(
  job: TarLayerJob,
  options: LayerBytesOptions = {},
): Promise<LayerBytes> {
  const onNotice = options.onNotice ?? (() => {});
  const input = new BlobInput(job);
  try {
    await input.ready();
    input.fill();
    const compression = detectCompression(input.bytes.subarray(input.start, input.end));
    const declared = job.declaredCompression;
    if (declared !== null && declared !== compression && job.size > 0) {
      onNotice({
        code: "MEDIA_TYPE_MISMATCH",
        message: `The layer's media type says ${declared}, its bytes are ${compression}`,
      });
    }
    const wantsDiffId = job.digest === null || options.verifyDiffIds === true;
    const diffIdCheck = wantsDiffId && job.diffId !== null
      ? new DigestCheck(job.diffId, "uncompressed layer")
      : null;
    const decompressor = job.size === 0
      ? await openDecompressor("none", input, onNotice)
      : await openDecompressor(compression, input, onNotice);
    const contentHash = job.digest === null && job.diffId === null ? createHash("sha256") : null;
    return new LayerBytes(
      input,
      job.unpacked === undefined
        ? decompressor
        : assembled(job, job.unpacked, decompressor, options),
      compression,
      diffIdCheck,
      contentHash,
      job.unpacked !== undefined,
    );
  } catch (error) {
    input.close();
    throw error;
  }
}

/** The tar of which `record` gives what stood around the files. Throws `ImageError`. */
function assembled(
  job: TarLayerJob,
  unpacked: UnpackedTar,
  record: Decompressor,
  { bodies }: LayerBytesOptions,
): Decompressor {
  const name = job.location.kind === "file" ? job.location.path : "record";
  try {
    return new TarAssembler(record, name, unpacked.directory, bodies);
  } catch (error) {
    record.close();
    throw error;
  }
}

/** The uncompressed bytes of a layer. */
export class LayerBytes {
  /** How the blob is compressed, by its bytes. */
  readonly compression: Compression;
  readonly #input: BlobInput;
  readonly #decompressor: Decompressor;
  readonly #diffIdCheck: DigestCheck | null;
  readonly #contentHash: Hash | null;
  readonly #isAssembled: boolean;
  #contentDigest: string | null = null;
  #size = 0;
  #isVerified = false;

  /** Takes over what {@linkcode openLayerBytes} opened. */
  constructor(
    input: BlobInput,
    decompressor: Decompressor,
    compression: Compression,
    diffIdCheck: DigestCheck | null,
    contentHash: Hash | null,
    isAssembled: boolean,
  ) {
    this.#input = input;
    this.#decompressor = decompressor;
    this.compression = compression;
    this.#diffIdCheck = diffIdCheck;
    this.#contentHash = contentHash;
    this.#isAssembled = isAssembled;
  }

  /** Bytes of the blob, or of the files of an unpacked tar, that were read so far. */
  get readBytes(): number {
    return this.#isAssembled ? this.#size : this.#input.readBytes;
  }

  /** Uncompressed bytes that were given so far. */
  get size(): number {
    return this.#size;
  }

  /** `true` once all bytes of the blob were compared with its digest. */
  get hasVerifiedDigest(): boolean {
    return this.#isVerified && this.#input.hasDigest;
  }

  /** `true` once all uncompressed bytes were compared with the diff id. */
  get hasVerifiedDiffId(): boolean {
    return this.#isVerified && this.#diffIdCheck !== null;
  }

  /** Digest of all uncompressed bytes, once they were given; `null` where the job has a digest. */
  get contentDigest(): string | null {
    return this.#contentDigest;
  }

  /**
   * Fills `into` with the next bytes and answers how many there are: fewer than `into` holds only
   * at the end, where the blob was read to its last byte and every digest compared.
   *
   * Throws, or rejects with, `ImageError`.
   */
  read(into: Uint8Array): number | Promise<number> {
    return this.#input.isReady ? this.#readReady(into) : this.#readLater(into);
  }

  #readReady(into: Uint8Array): number | Promise<number> {
    let filled = 0;
    while (filled < into.length) {
      const count = this.#decompressor.pull(filled === 0 ? into : into.subarray(filled));
      if (typeof count !== "number") return this.#readSlowly(into, filled, count);
      if (count === 0) return this.#finish(into, filled);
      filled += count;
    }
    return this.#took(into, filled);
  }

  /**
   * Reads what is left of the blob and compares its digest, after an error in what it holds: broken
   * bytes explain everything. Throws `ImageError` `DIGEST_MISMATCH`. Yields now and then by `pause`.
   */
  async verifyRest(pause: () => Promise<void>): Promise<void> {
    if (!this.#input.hasDigest || this.#isVerified) return;
    do {
      await this.#input.ready();
      await pause();
    } while (this.#input.drainPiece());
    this.#input.finish();
  }

  /** Gives file and memory back. */
  close(): void {
    this.#decompressor.close();
    this.#input.close();
  }

  async #readLater(into: Uint8Array): Promise<number> {
    await this.#input.ready();
    return await this.#readReady(into);
  }

  async #readSlowly(into: Uint8Array, start: number, first: Promise<number>): Promise<number> {
    let filled = start;
    for (let count = await first;; count = await this.#decompressor.pull(into.subarray(filled))) {
      if (count === 0) return this.#finish(into, filled);
      filled += count;
      if (filled === into.length) return this.#took(into, filled);
    }
  }

  #took(into: Uint8Array, filled: number): number {
    const bytes = filled === into.length ? into : into.subarray(0, filled);
    this.#diffIdCheck?.update(bytes);
    this.#contentHash?.update(bytes);
    this.#size += filled;
    return filled;
  }

  #finish(into: Uint8Array, filled: number): number {
    this.#took(into, filled);
    if (this.#isVerified) return filled;
    if (this.#input.fill()) {
      throw new ImageError(
        "CORRUPT",
        `Cannot read layer blob: the ${this.compression} data ends at byte ` +
          `${this.#input.position}, expected the end of the blob`,
      );
    }
    this.#input.finish();
    this.#diffIdCheck?.finish();
    if (this.#contentHash !== null) {
      this.#contentDigest = `sha256:${this.#contentHash.digest("hex")}`;
    }
    this.#isVerified = true;
    return filled;
  }
}
