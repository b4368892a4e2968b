/**
 * Whole small answers: manifests, tokens, lists, error texts.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { quote } from "../../oci/quote.ts";
import type { HttpResponse } from "./http_message.ts";
import { RegistryError } from "./registry_error.ts";

/** How large an answer may be and how long it may take. */
export interface DocumentLimits {
  /** Bytes that are accepted. */
  readonly limitBytes: number;
  /** Milliseconds until the end must be there. */
  readonly timeoutMilliseconds: number;
}

/**
 * Reads the body of `response` to its end. `what` names it in messages, as `manifest "x"`.
 *
 * Throws `ImageError` `LIMIT_EXCEEDED` when it is too large, `RegistryError` when it takes too long
 * or ends before the length that the registry announced.
 */
export async function readDocument(
  response: HttpResponse,
  what: string,
  limits: DocumentLimits,
): Promise<Uint8Array> {
  const { limitBytes, timeoutMilliseconds } = limits;
  const started = performance.now();
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for (let piece = await response.read(); piece !== null; piece = await response.read()) {
      size += piece.length;
      if (size > limitBytes) {
        throw new ImageError(
          "LIMIT_EXCEEDED",
          `Cannot read ${what}: it has more than ${limitBytes} bytes, expected at most that`,
        );
      }
      if (performance.now() - started > timeoutMilliseconds) {
        throw new RegistryError(
          `Cannot read ${what}: ${quote(response.url.host)} sent ${size} bytes of it in ` +
            `${timeoutMilliseconds / 1000} s, expected all`,
          { isTemporary: true },
        );
      }
      pieces.push(piece);
    }
  } finally {
    response.cancel();
  }
  return joined(pieces, size);
}

/** A body that is not longer than this is read to its end rather than given up. */
const SHORT_BODY = 16 * 1024;

/**
 * Ends a response whose body is of no interest. A short one is read, so that the connection can be
 * used again; any other is given up with its connection.
 */
export async function dismiss(response: HttpResponse): Promise<void> {
  const length = response.headers.get("content-length");
  try {
    if (length !== null && Number(length) <= SHORT_BODY) {
      let size = 0;
      for (let piece = await response.read(); piece !== null; piece = await response.read()) {
        size += piece.length;
        if (size > SHORT_BODY) break;
      }
    }
  } catch (error) {
    // Whoever cancelled must hear of it; what the server did is of no interest.
    if (!(error instanceof ImageError)) throw error;
  } finally {
    response.cancel();
  }
}

function joined(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
