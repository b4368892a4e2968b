/**
 * A layer that is a tar while it is being read: pieces in, entries out, as far as it is asked to go.
 *
 * @module
 */
import { ImageError } from "../image_error.ts";
import type { Layer, TarLayerJob } from "./layer.ts";
import { isContentError, type LayerChunks, mismatchInstead } from "./layer_chunks.ts";
import type { LayerVisitor } from "./layer_entry.ts";
import {
  type LayerReading,
  type LayerReadingOptions,
  type LayerSummary,
  TURN_SIZE,
} from "./layer_reading.ts";
import { Pace, pause } from "./pause.ts";
import { TarParser } from "./tar/tar_parser.ts";

/** Reads one tar step by step. */
export class TarReading implements LayerReading {
  readonly #layer: Layer;
  readonly #chunks: LayerChunks;
  readonly #parser: TarParser;
  readonly #options: LayerReadingOptions;
  // What is left of the last piece after a stop at an entry.
  #rest: Uint8Array | null = null;
  readonly #pace = new Pace();
  #untilTurn = TURN_SIZE;
  #summary: LayerSummary | null = null;

  /** Reads `chunks` of the `job` of `layer` for `visitor`. The chunks are closed by `close`. */
  constructor(
    layer: Layer,
    job: TarLayerJob,
    chunks: LayerChunks,
    visitor: LayerVisitor,
    options: LayerReadingOptions,
  ) {
    this.#layer = layer;
    this.#chunks = chunks;
    this.#parser = new TarParser(visitor, options.onNotice, {
      hasPlainNames: job.hasPlainNames,
    });
    this.#options = options;
  }

  /** See {@linkcode LayerReading.summary}. */
  get summary(): LayerSummary | null {
    return this.#summary;
  }

  /** See {@linkcode LayerReading.advance}. */
  async advance(byteCount: number, mayStopInFile = false): Promise<boolean> {
    try {
      const stopAt = this.#parser.offset + byteCount;
      while (this.#summary === null) {
        const chunk = this.#rest ?? await this.#next();
        if (chunk === null) {
          await this.#parse(() => this.#parser.finish());
          this.#summary = { ...this.#chunks.summary!, entryCount: this.#parser.entryCount };
          this.#options.onProgress?.(this.#chunks.readBytes);
          break;
        }
        let taken = 0;
        await this.#parse(() => taken = this.#parser.push(chunk, stopAt));
        this.#rest = taken < chunk.length ? chunk.subarray(taken) : null;
        if (this.#rest !== null) return false;
        if (mayStopInFile && this.#parser.offset >= stopAt) return false;
      }
      return this.#summary !== null;
    } catch (error) {
      throw error instanceof ImageError ? error.at({ layer: this.#layer.name }) : error;
    }
  }

  /** Gives files and memory back. */
  close(): void {
    this.#chunks.close();
  }

  async #next(): Promise<Uint8Array | null> {
    const answer = this.#chunks.next();
    const chunk = answer instanceof Promise ? await answer : answer;
    if (chunk !== null) this.#untilTurn -= chunk.length;
    if (this.#untilTurn <= 0 || this.#pace.isLong) {
      this.#untilTurn = TURN_SIZE;
      await this.#pace.pause();
      this.#options.signal?.throwIfAborted();
      this.#options.onProgress?.(this.#chunks.readBytes);
    }
    return chunk;
  }

  /** Runs the parser; an error in what the bytes say is explained by wrong bytes, if they are. */
  async #parse(step: () => void): Promise<void> {
    try {
      step();
    } catch (error) {
      if (!isContentError(error)) throw error;
      try {
        while (await this.#chunks.next() !== null) await pause();
      } catch (mismatch) {
        if (isContentError(mismatch)) throw error;
        throw mismatchInstead(mismatch, error);
      }
      throw error;
    }
  }
}
