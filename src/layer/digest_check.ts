/**
 * A digest that is compared while bytes go by.
 *
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import { ImageError } from "../image_error.ts";
import { formatDigest, parseDigest } from "../oci/digest.ts";

/** Hashes bytes and compares them with the digest that is expected. */
export class DigestCheck {
  readonly #expected: string;
  readonly #algorithm: string;
  readonly #what: string;
  readonly #hash: Hash;

  /**
   * Begins a check of `what` (for messages); throws `ImageError` where the digest is malformed or of
   * an unknown algorithm.
   */
  constructor(expected: string, what: string) {
    const digest = parseDigest(expected);
    this.#expected = formatDigest(digest);
    this.#algorithm = digest.algorithm;
    this.#what = what;
    this.#hash = createHash(digest.algorithm);
  }

  /** Adds the next bytes. */
  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** All bytes were added; throws `ImageError` `DIGEST_MISMATCH` where they are not the expected. */
  finish(): void {
    const observed = `${this.#algorithm}:${this.#hash.digest("hex")}`;
    if (observed === this.#expected) return;
    throw new ImageError(
      "DIGEST_MISMATCH",
      `Cannot accept ${this.#what} "${this.#expected}": its digest is ${observed}, ` +
        `expected ${this.#expected}`,
    );
  }
}
