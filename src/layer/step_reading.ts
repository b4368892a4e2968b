/**
 * A layer whose files are there one by one while it is being read: an entry or a piece of a file at
 * a time, as far as a turn goes.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../bytes/byte_string.ts";
import { ImageError } from "../image_error.ts";
import { ContentDigest } from "./content_digest.ts";
import type { Layer } from "./layer.ts";
import type { LayerEntry, LayerVisitor } from "./layer_entry.ts";
import {
  type LayerReading,
  type LayerReadingOptions,
  type LayerSummary,
  TURN_SIZE,
} from "./layer_reading.ts";
import { Pace } from "./pause.ts";

/** Bytes of one read; measured best. */
export const PIECE_SIZE = 256 * 1024;
/** Bytes of a hole that are given at once: whoever hashes them must be able to stop. */
export const HOLE_PIECE_SIZE = 256 * 1024 * 1024;
/** What an entry counts for in a turn, beside its bytes: as much as in a tar. */
const ENTRY_SIZE = 512;

/** Where the bytes of a file go. */
export interface FileReceiver {
  /** The next bytes; the memory is reused after the call. */
  write(bytes: Uint8Array): void;
  /** The next `byteCount` bytes are a hole. */
  skip(byteCount: number): void;
}

/** The bytes of one file. */
export interface FileBytes {
  /** Gives the next piece through `buffer`; answers its bytes, 0 once all were given. Throws `ImageError`. */
  next(buffer: Uint8Array<ArrayBuffer>, receiver: FileReceiver): number;
  /** Gives the file back. */
  close(): void;
}

/** Takes what a layer consists of. */
export interface StepTaker {
  /** An entry; answers whether its bytes are wanted. */
  visit(entry: LayerEntry): boolean;
  /** The bytes of the last entry, which are wanted; they are closed when all are read. */
  copy(bytes: FileBytes): void;
  /** All bytes of the last entry at once: a part of the layer's digest also where nobody wants them. */
  give(bytes: Uint8Array, isWanted: boolean): void;
}

/** What a layer consists of. */
export interface StepSource {
  /** The entry that is under way, for errors; empty for none. */
  readonly path: ByteString;
  /** Gives the next entry to `taker`; answers `false` behind the last. Throws `ImageError`. */
  next(taker: StepTaker): boolean;
  /** Gives files and memory back. */
  close(): void;
}

/** Reads one layer step by step. */
export class StepReading implements LayerReading, StepTaker {
  readonly #layer: Layer;
  readonly #source: StepSource;
  readonly #visitor: LayerVisitor;
  readonly #options: LayerReadingOptions;
  readonly #digest = new ContentDigest();
  readonly #receiver: FileReceiver;
  #buffer: Uint8Array<ArrayBuffer> | null = null;
  #bytes: FileBytes | null = null;
  #entryCount = 0;
  #byteCount = 0;
  readonly #pace = new Pace();
  #untilTurn = TURN_SIZE;
  #summary: LayerSummary | null = null;

  /** Reads `source`, that of `layer`, for `visitor`. */
  constructor(
    layer: Layer,
    source: StepSource,
    visitor: LayerVisitor,
    options: LayerReadingOptions,
  ) {
    this.#layer = layer;
    this.#source = source;
    this.#visitor = visitor;
    this.#options = options;
    const digest = this.#digest;
    this.#receiver = {
      write(bytes) {
        digest.bytes(bytes);
        visitor.write(bytes);
      },
      skip(byteCount) {
        digest.hole(byteCount);
        visitor.skip(byteCount);
      },
    };
  }

  /** See {@linkcode LayerReading.summary}. */
  get summary(): LayerSummary | null {
    return this.#summary;
  }

  /** See {@linkcode LayerReading.advance}; an entry counts 512 bytes beside those of its file. */
  async advance(byteCount: number, mayStopInFile = false): Promise<boolean> {
    const stopAt = this.#offset + byteCount;
    while (this.#summary === null) {
      if ((mayStopInFile || this.#bytes === null) && this.#offset >= stopAt) return false;
      const before = this.#offset;
      this.#step();
      this.#untilTurn -= this.#offset - before;
      if (this.#untilTurn > 0 && !this.#pace.isLong) continue;
      this.#untilTurn = TURN_SIZE;
      await this.#pace.pause();
      this.#options.signal?.throwIfAborted();
      this.#options.onProgress?.(this.#byteCount);
    }
    return true;
  }

  /** See {@linkcode StepTaker.visit}. */
  visit(entry: LayerEntry): boolean {
    this.#entryCount++;
    this.#digest.entry(entry);
    return this.#visitor.entry(entry);
  }

  /** See {@linkcode StepTaker.copy}. */
  copy(bytes: FileBytes): void {
    this.#bytes = bytes;
  }

  /** See {@linkcode StepTaker.give}. */
  give(bytes: Uint8Array, isWanted: boolean): void {
    this.#digest.bytes(bytes);
    this.#byteCount += bytes.length;
    if (!isWanted || bytes.length === 0) return;
    this.#visitor.write(bytes);
    this.#visitor.end();
  }

  /** Gives files and memory back. */
  close(): void {
    this.#bytes?.close();
    this.#bytes = null;
    this.#source.close();
  }

  /** Entries and bytes so far, in the measure of turns. */
  get #offset(): number {
    return this.#entryCount * ENTRY_SIZE + this.#byteCount;
  }

  /** Takes the next entry, or the next piece of a file. */
  #step(): void {
    try {
      if (this.#bytes !== null) this.#copyPiece(this.#bytes);
      else if (!this.#source.next(this)) this.#finish();
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      const { path } = this.#source;
      throw error.at({
        layer: this.#layer.name,
        path: path === "" ? undefined : displayByteString(path),
      });
    }
  }

  #copyPiece(bytes: FileBytes): void {
    this.#buffer ??= new Uint8Array(PIECE_SIZE);
    const count = bytes.next(this.#buffer, this.#receiver);
    this.#byteCount += count;
    if (count > 0) return;
    bytes.close();
    this.#bytes = null;
    this.#visitor.end();
  }

  #finish(): void {
    this.#summary = {
      uncompressedSize: this.#byteCount,
      compression: "none",
      isDigestVerified: false,
      isDiffIdVerified: false,
      contentDigest: this.#digest.finish(),
      entryCount: this.#entryCount,
    };
    this.#options.onProgress?.(this.#byteCount);
  }
}
