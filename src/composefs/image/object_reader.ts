/**
 * The bytes of the files of an image: from the image itself, or from the directory of objects.
 *
 * @module
 */
import { join } from "node:path";
import { bytesOf, displayByteString } from "../../bytes/byte_string.ts";
import type { VerityAlgorithm } from "../../fsverity/verity_algorithm.ts";
import { ImageError } from "../../image_error.ts";
import type { ContentReader } from "../../tree/content_reader.ts";
import { digestOfSource, type ObjectSource, objectSource } from "../repository/object_source.ts";
import type { ImageContent } from "./content.ts";

/** Digits of a digest of SHA-256. */
const SHA256_DIGITS = 64;

/**
 * Reads files of images. An object is compared with its digest when it is opened; one without a digest
 * is believed.
 */
export class ObjectReader implements ContentReader<ImageContent> {
  readonly #directory: string | null;
  #path = "";
  #source: ObjectSource | null = null;

  /** Reads objects below `directory`; without one, only what stands in images. */
  constructor(directory: string | null) {
    this.#directory = directory;
  }

  /** Throws `ImageError` `NOT_FOUND`, `DIGEST_MISMATCH`, `PERMISSION` or `IO`. */
  read(content: ImageContent, into: Uint8Array<ArrayBuffer>, position: number): number {
    if (content.bytes !== undefined) {
      const piece = content.bytes.subarray(position, position + into.length);
      into.set(piece);
      return piece.length;
    }
    return this.#open(content).read(into, position);
  }

  /** Holes of objects; throws as {@linkcode read} does. */
  seekData(content: ImageContent, position: number): number {
    return content.bytes === undefined ? this.#open(content).seekData(position) : position;
  }

  /** Gives back the object that was read last. */
  close(): void {
    this.#source?.close();
    this.#source = null;
  }

  #open({ payload, digest }: ImageContent): ObjectSource {
    const shown = payload === undefined ? "none" : displayByteString(payload);
    if (this.#directory === null || payload === undefined) {
      throw new ImageError(
        "NOT_FOUND",
        `Cannot read object "${shown}": it is not in the image, expected a directory of objects`,
      );
    }
    // Paths of objects were checked when the image was read: they do not leave the directory.
    const path = join(this.#directory, new TextDecoder().decode(bytesOf(payload)));
    if (this.#source !== null && path === this.#path) return this.#source;
    this.close();
    const source = objectSource(path);
    try {
      if (digest !== undefined) checkDigest(source, digest);
    } catch (error) {
      source.close();
      throw error;
    }
    this.#path = path;
    this.#source = source;
    return source;
  }
}

function checkDigest(source: ObjectSource, digest: string): void {
  const algorithm: VerityAlgorithm = digest.length === SHA256_DIGITS ? "sha256" : "sha512";
  const observed = digestOfSource(source, algorithm);
  if (observed === digest) return;
  throw new ImageError(
    "DIGEST_MISMATCH",
    `Cannot accept object "${source.name}": its fs-verity digest is ${observed}, expected ${digest}`,
    { where: { source: source.name } },
  );
}
