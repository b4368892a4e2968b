/**
 * Where a downloaded blob goes.
 *
 * @module
 */
import type { Hash } from "node:crypto";

/** Takes the bytes of one blob in order. */
export interface BlobReceiver {
  /** Bytes that are kept of an earlier download; this one goes on behind them. */
  readonly start: number;
  /** Hash of the bytes kept, which the download continues; must be there where `start` is not 0. */
  readonly hashed?: Hash;
  /**
   * Takes the bytes from `position` of the blob on; they may be reused once the promise is
   * fulfilled. The next piece comes then.
   */
  write(bytes: Uint8Array, position: number): void | Promise<void>;
}
