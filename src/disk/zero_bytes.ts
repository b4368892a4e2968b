/**
 * Whether bytes are all zero.
 *
 * @module
 */
import { Buffer } from "node:buffer";

const ZEROS_SIZE = 64 * 1024;

/** Compares bytes with zeros, which it keeps. */
export class ZeroTest {
  readonly #zeros = new Uint8Array(ZEROS_SIZE);

  /** Whether all of `bytes` are zero. */
  isZero(bytes: Uint8Array): boolean {
    // Nearly all that is not zero shows it at once.
    if (bytes.length > 0 && bytes[0] !== 0) return false;
    for (let at = 0; at < bytes.length; at += ZEROS_SIZE) {
      const piece = bytes.subarray(at, at + ZEROS_SIZE);
      if (Buffer.compare(piece, this.#zeros.subarray(0, piece.length)) !== 0) return false;
    }
    return true;
  }
}
