/**
 * Reads one layer: blob, decompressor, tar reader, visitor.
 *
 * @module
 */
import { setImmediate } from "node:timers/promises";
import { ImageError, type ImageErrorCode } from "../image_error.ts";
import type { NoticeListener } from "../notice.ts";
import type { Compression, Layer } from "./layer.ts";
import { type LayerBytes, openLayerBytes } from "./layer_bytes.ts";
import type { LayerVisitor } from "./layer_entry.ts";
import { TarParser } from "./tar/tar_parser.ts";

/** Bytes of one piece, a multiple of the tar block. */
const CHUNK_SIZE = 256 * 1024;
/** Bytes after which other work gets its turn. */
const TURN_SIZE = 4 * 1024 * 1024;
/** Errors that broken bytes may have caused. */
const CONTENT_ERRORS: ReadonlySet<ImageErrorCode> = new Set<ImageErrorCode>([
  "CORRUPT",
  "UNSUPPORTED",
  "UNSAFE_PATH",
  "LIMIT_EXCEEDED",
]);

/** Options of {@linkcode readLayer}. */
export interface ReadLayerOptions {
  /** Stops the work: the promise rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Hears now and then, and at the end, how many bytes of the blob were read. */
  readonly onProgress?: (readBytes: number) => void;
  /** Hears remarks on the layer. */
  readonly onNotice?: NoticeListener;
  /** Compares the uncompressed bytes with the `diffId` even where the blob has a digest. */
  readonly verifyDiffIds?: boolean;
}

/** What was read. */
export interface LayerSummary {
  /** Bytes of the blob. */
  readonly storedSize: number;
  /** Bytes of the tar in it. */
  readonly uncompressedSize: number;
  /** Entries that the visitor got. */
  readonly entryCount: number;
  /** How the blob is compressed, by its bytes. */
  readonly compression: Compression;
  /** Whether the blob's digest was compared; a difference is an error. */
  readonly isDigestVerified: boolean;
  /** Whether the `diffId` was compared; a difference is an error. */
  readonly isDiffIdVerified: boolean;
}

/**
 * Reads `layer` from its first byte to its last and calls `visitor` for its entries, in the order of
 * the tar. Memory does not depend on the size of the blob.
 *
 * Nothing the visitor saw may be trusted before the promise resolves: digests are compared at the end.
 *
 * Rejects with `ImageError` (`CORRUPT`, `DIGEST_MISMATCH`, `UNSAFE_PATH`, `LIMIT_EXCEEDED`,
 * `UNSUPPORTED`, `NOT_FOUND`, `PERMISSION`, `IO`) that names the layer, or with the reason of the
 * signal, or with whatever the visitor throws. The file is closed in every case.
 */
export async function readLayer(
  layer: Layer,
  visitor: LayerVisitor,
  options: ReadLayerOptions = {},
): Promise<LayerSummary> {
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  const onNotice: NoticeListener = (notice) =>
    options.onNotice?.({ ...notice, where: { layer: layer.name, ...notice.where } });
  try {
    const bytes = await openLayerBytes(layer.job, { ...options, onNotice });
    try {
      const turn = createTurn(signal, () => onProgress?.(bytes.readBytes));
      const entryCount = await parse(bytes, new TarParser(visitor, onNotice), turn);
      onProgress?.(bytes.readBytes);
      return {
        storedSize: layer.job.size,
        uncompressedSize: bytes.size,
        entryCount,
        compression: bytes.compression,
        isDigestVerified: bytes.hasVerifiedDigest,
        isDiffIdVerified: bytes.hasVerifiedDiffId,
      };
    } finally {
      bytes.close();
    }
  } catch (error) {
    throw error instanceof ImageError ? error.at({ layer: layer.name }) : error;
  }
}

/** Called after each piece of `size` bytes; a promise where other work should get its turn. */
type Turn = (size: number) => Promise<void> | undefined;

async function parse(bytes: LayerBytes, parser: TarParser, turn: Turn): Promise<number> {
  const chunk = new Uint8Array(CHUNK_SIZE);
  let isVisiting = false;
  try {
    for (;;) {
      const answer = bytes.read(chunk);
      const size = typeof answer === "number" ? answer : await answer;
      isVisiting = true;
      parser.push(size === CHUNK_SIZE ? chunk : chunk.subarray(0, size));
      if (size < CHUNK_SIZE) break;
      const pause = turn(size);
      if (pause !== undefined) await pause;
      isVisiting = false;
    }
    parser.finish();
    return parser.entryCount;
  } catch (error) {
    if (!(error instanceof ImageError) || !CONTENT_ERRORS.has(error.code)) throw error;
    if (!isVisiting) error.at({ offset: bytes.size });
    throw await explained(error, bytes, turn);
  }
}

/** The error itself, or that the blob's bytes are not those of its digest, which caused it. */
async function explained(error: ImageError, bytes: LayerBytes, turn: Turn): Promise<unknown> {
  try {
    await bytes.verifyRest(async () => await turn(CHUNK_SIZE));
  } catch (mismatch) {
    if (!(mismatch instanceof ImageError) || mismatch.code !== "DIGEST_MISMATCH") throw mismatch;
    return new ImageError(mismatch.code, mismatch.message, { where: error.where, cause: error });
  }
  return error;
}

function createTurn(signal: AbortSignal | undefined, onTurn: () => void): Turn {
  let untilTurn = TURN_SIZE;
  return (size) => {
    untilTurn -= size;
    if (untilTurn > 0) return undefined;
    untilTurn = TURN_SIZE;
    return setImmediate().then(() => {
      signal?.throwIfAborted();
      onTurn();
    });
  };
}
