/**
 * A writer that keeps nothing of files but their digests.
 *
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import { bytesOf, type ByteString, byteStringFrom } from "../bytes/byte_string.ts";
import type { FileWriter, ImageWriter } from "./image_format.ts";

const ZEROS = new Uint8Array(64 * 1024);

/** Answers the SHA-256 of each file, as a byte string: there may be a million. */
export class DigestWriter implements Pick<ImageWriter<ByteString>, "beginFile" | "release"> {
  /** Layers that are read side by side need not wait for each other's files. */
  readonly openFileCount = 2;
  /** Begins a file. */
  beginFile(): FileWriter<ByteString> {
    return new DigestFile();
  }

  /** There is nothing to give back. */
  release(): void {}
}

/** The digits of a digest of {@linkcode DigestWriter}. */
export function digestText(digest: ByteString): string {
  return bytesOf(digest).toHex();
}

class DigestFile implements FileWriter<ByteString> {
  readonly #hash: Hash = createHash("sha256");

  write(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  skip(byteCount: number): void {
    for (let left = byteCount; left > 0; left -= ZEROS.length) {
      this.#hash.update(left < ZEROS.length ? ZEROS.subarray(0, left) : ZEROS);
    }
  }

  end(): ByteString {
    return byteStringFrom(this.#hash.digest());
  }
}
