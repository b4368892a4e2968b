/**
 * What the main thread and its workers say to each other, beside the pieces in the ring.
 *
 * @module
 */
import { type ErrorPlace, ImageError, type ImageErrorCode } from "../../image_error.ts";
import type { Notice } from "../../notice.ts";
import type { TarLayerJob } from "../layer.ts";
import type { BlobSummary } from "../layer_chunks.ts";

/** To a worker: decode a layer into a ring. */
export interface ReadRequest {
  /** Names the layer in the answers. */
  readonly id: number;
  /** The layer. */
  readonly job: TarLayerJob;
  /** Compare the uncompressed bytes even where the blob has a digest. */
  readonly verifyDiffIds: boolean;
  /** Where the pieces go. */
  readonly ring: SharedArrayBuffer;
}

/** From a worker. */
export type WorkerAnswer =
  | { readonly kind: "ready" }
  | { readonly kind: "notice"; readonly id: number; readonly notice: Notice }
  | { readonly kind: "end"; readonly id: number; readonly summary: BlobSummary }
  | { readonly kind: "error"; readonly id: number; readonly error: SentError };

/** An error as plain data. */
export interface SentError {
  /** `null` for anything but an `ImageError`. */
  readonly code: ImageErrorCode | null;
  /** The message. */
  readonly message: string;
  /** The place, where it is known. */
  readonly where: ErrorPlace;
  /** The stack in the worker. */
  readonly stack: string | undefined;
  /** The error below, where there is one. */
  readonly cause: SentError | undefined;
}

/** An error, ready to be sent. */
export function sentError(error: unknown): SentError {
  if (!(error instanceof Error)) {
    return { code: null, message: `${error}`, where: {}, stack: undefined, cause: undefined };
  }
  const isImageError = error instanceof ImageError;
  return {
    code: isImageError ? error.code : null,
    message: error.message,
    where: isImageError ? error.where : {},
    stack: error.stack,
    cause: error.cause === undefined ? undefined : sentError(error.cause),
  };
}

/** The error that was sent. */
export function receivedError(sent: SentError): Error {
  const cause = sent.cause && receivedError(sent.cause);
  const error = sent.code === null
    ? new Error(sent.message, { cause })
    : new ImageError(sent.code, sent.message, { where: sent.where, cause });
  if (sent.stack !== undefined) error.stack = sent.stack;
  return error;
}
