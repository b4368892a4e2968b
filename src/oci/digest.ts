/**
 * Content digests (image-spec `descriptor.md`, "Digests"): `algorithm:hex`.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { ImageError } from "../image_error.ts";
import { quote } from "./quote.ts";

/** Hash functions that a digest may name. */
export type DigestAlgorithm = "sha256" | "sha512";

/** A digest that was found to be well formed, so that it can stand in a path. */
export interface Digest {
  /** The hash function. */
  readonly algorithm: DigestAlgorithm;
  /** The hash in lower-case hexadecimal: 64 characters for sha256, 128 for sha512. */
  readonly hex: string;
}

/** Hexadecimal characters of each known algorithm. */
const HEX_LENGTHS: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha512: 128 };

/** The grammar of the specification, which allows algorithms that nobody has registered. */
const GRAMMAR = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/;

/** Characters of the hash that a short name keeps. */
const SHORT_HEX_LENGTH = 12;

/**
 * Reads a digest. Nothing may be made of a digest from outside (a path above all) before this.
 *
 * Throws `ImageError` `CORRUPT` when it is malformed and `UNSUPPORTED` for another algorithm.
 */
export function parseDigest(text: string): Digest {
  const match = /^(sha256|sha512):([0-9a-f]+)$/.exec(text);
  if (match !== null) {
    const algorithm = match[1] as DigestAlgorithm;
    const hex = match[2];
    if (hex.length === HEX_LENGTHS[algorithm]) return { algorithm, hex };
    throw new ImageError(
      "CORRUPT",
      `Cannot read digest ${quote(text)}: it has ${hex.length} hexadecimal characters, expected ` +
        `${HEX_LENGTHS[algorithm]}`,
    );
  }
  const known = text.startsWith("sha256:") || text.startsWith("sha512:");
  if (!known && GRAMMAR.test(text)) {
    throw new ImageError(
      "UNSUPPORTED",
      `Cannot use digest ${quote(text)}: algorithm is ${
        quote(text.slice(0, text.indexOf(":")))
      }, ` +
        "expected sha256 or sha512",
    );
  }
  throw new ImageError(
    "CORRUPT",
    `Cannot read digest ${quote(text)}: it is malformed, expected sha256: and 64 lower-case ` +
      "hexadecimal characters (or sha512: and 128)",
  );
}

/** A digest as text. */
export function formatDigest(digest: Digest): string {
  return `${digest.algorithm}:${digest.hex}`;
}

/** The digest of `bytes` as text. */
export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = "sha256"): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

/** A digest cut for messages, as `sha256:0123456789ab`. */
export function shortDigest(text: string): string {
  return text.slice(0, text.indexOf(":") + 1 + SHORT_HEX_LENGTH);
}
