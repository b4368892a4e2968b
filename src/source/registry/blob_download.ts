/**
 * The download of one blob: in order, hashed, resumed where it broke off, never longer than its
 * descriptor says.
 *
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import { ImageError } from "../../image_error.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { parseDigest } from "../../oci/digest.ts";
import { quote } from "../../oci/quote.ts";
import type { BlobReceiver } from "./blob_receiver.ts";
import { parseContentRange } from "./content_range.ts";
import type { HttpResponse } from "./http_message.ts";
import { RegistryError } from "./registry_error.ts";
import type { Retry } from "./retry.ts";

/** Bytes of progress that make up for the failures before. */
const WORTHWHILE_PROGRESS = 1024 * 1024;

/** Asks for the blob once; with a range, where one is given. */
export type BlobRequester = (headers: Readonly<Record<string, string>>) => Promise<HttpResponse>;

/** State of one download, which may be continued by several servers. */
export class BlobDownload {
  readonly #descriptor: Descriptor;
  readonly #receiver: BlobReceiver;
  readonly #hash: Hash;
  #position: number;
  /** A server has answered a range wrongly: from then on the whole blob is asked for. */
  #avoidsRanges = false;

  /**
   * Begins behind what `receiver` has. Throws `TypeError` where its hash is missing, `ImageError`
   * for a malformed digest.
   */
  constructor(descriptor: Descriptor, receiver: BlobReceiver) {
    const { algorithm } = parseDigest(descriptor.digest);
    const { start, hashed } = receiver;
    if (start > descriptor.size) throw tooLong(descriptor, start);
    if (start > 0 && hashed === undefined) {
      throw new TypeError("Cannot resume download: hashed is missing, expected it with a start");
    }
    this.#descriptor = descriptor;
    this.#receiver = receiver;
    this.#hash = hashed ?? createHash(algorithm);
    this.#position = start;
  }

  /** Whether all bytes are there. */
  get isComplete(): boolean {
    return this.#position === this.#descriptor.size;
  }

  /** Bytes that are there. */
  get position(): number {
    return this.#position;
  }

  /**
   * Downloads what is missing from one server, asking again as `retry` allows.
   *
   * Throws `RegistryError`, `ImageError` `DIGEST_MISMATCH` where the blob is longer than its
   * descriptor says, what the receiver throws, the signal's reason when cancelled.
   */
  async run(
    request: BlobRequester,
    retry: Retry,
    onRetry: (error: unknown) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    while (!this.isComplete) {
      const before = this.#position;
      try {
        await this.#attempt(request, retry, signal);
      } catch (error) {
        const progress = this.#position - before;
        // Whoever cannot send ranges sends all again each time: that must end.
        if (progress >= WORTHWHILE_PROGRESS && !this.#avoidsRanges) retry.reset();
        await retry.pause(error, signal);
        onRetry(error);
      }
    }
  }

  /** Throws `ImageError` `DIGEST_MISMATCH` unless the bytes are those of the digest. */
  finish(): void {
    const { digest } = this.#descriptor;
    const observed = `${parseDigest(digest).algorithm}:${this.#hash.digest("hex")}`;
    if (observed === digest) return;
    throw new ImageError(
      "DIGEST_MISMATCH",
      `Cannot read blob ${quote(digest)}: its digest is ${observed}, expected ${digest}`,
    );
  }

  async #attempt(request: BlobRequester, retry: Retry, signal?: AbortSignal): Promise<void> {
    const ranged = this.#position > 0 && !this.#avoidsRanges;
    const response = await request(ranged ? { range: `bytes=${this.#position}-` } : {});
    retry.reached();
    try {
      const first = this.#firstByteOf(response, ranged);
      await this.#receive(response, this.#position - first, signal);
    } finally {
      response.cancel();
    }
  }

  /** Where the answer begins: at our position, or at the blob's start. */
  #firstByteOf(response: HttpResponse, ranged: boolean): number {
    const { status, headers } = response;
    if (status === 200) {
      this.#checkLength(response);
      return 0;
    }
    const range = parseContentRange(headers.get("content-range"));
    if (status === 206 && ranged && range !== null && range.first === this.#position) {
      if (range.total === null || range.total === this.#descriptor.size) return range.first;
    }
    this.#avoidsRanges = true;
    throw new RegistryError(
      `Cannot read blob ${quote(this.#descriptor.digest)}: ${quote(response.url.host)} answered ` +
        `${status} with range ${quote(headers.get("content-range") ?? undefined)}, expected the ` +
        `bytes from ${ranged ? this.#position : 0} of ${this.#descriptor.size}`,
      { status, isTemporary: true },
    );
  }

  /** What is announced with another length may be the page of a proxy: worth another try. */
  #checkLength(response: HttpResponse): void {
    const announced = response.headers.get("content-length");
    const { size, digest } = this.#descriptor;
    if (announced === null || Number(announced) === size) return;
    throw new RegistryError(
      `Cannot read blob ${quote(digest)}: ${quote(response.url.host)} announces ` +
        `${quote(announced)} bytes, expected ${size}`,
      { code: "DIGEST_MISMATCH", status: response.status, isTemporary: true },
    );
  }

  /** Passes on the body behind the `known` bytes that an earlier try has delivered. */
  async #receive(response: HttpResponse, known: number, signal?: AbortSignal): Promise<void> {
    let skipBytes = known;
    for (let piece = await response.read(); piece !== null; piece = await response.read()) {
      const bytes = skipBytes === 0 ? piece : piece.subarray(Math.min(skipBytes, piece.length));
      skipBytes -= piece.length - bytes.length;
      if (bytes.length === 0) continue;
      const { size } = this.#descriptor;
      if (bytes.length > size - this.#position) {
        throw tooLong(this.#descriptor, this.#position + bytes.length);
      }
      this.#hash.update(bytes);
      await this.#receiver.write(bytes, this.#position);
      this.#position += bytes.length;
      signal?.throwIfAborted();
    }
    if (this.isComplete) return;
    throw new RegistryError(
      `Cannot read blob ${quote(this.#descriptor.digest)}: ${quote(response.url.host)} ended it ` +
        `after ${this.#position} bytes, expected ${this.#descriptor.size}`,
      { code: "DIGEST_MISMATCH", status: response.status, isTemporary: true },
    );
  }
}

function tooLong(descriptor: Descriptor, observed: number): ImageError {
  return new ImageError(
    "DIGEST_MISMATCH",
    `Cannot read blob ${quote(descriptor.digest)}: it has at least ${observed} bytes, expected ` +
      `${descriptor.size}`,
  );
}
