/**
 * One layer while it is being read, whatever it is made of.
 *
 * @module
 */
import type { NoticeListener } from "../notice.ts";
import type { BlobSummary } from "./layer_chunks.ts";

/** Bytes after which other work gets its turn. */
export const TURN_SIZE = 4 * 1024 * 1024;

/** What was read. */
export interface LayerSummary extends BlobSummary {
  /** Entries that the visitor got. */
  readonly entryCount: number;
}

/** What a reading tells and is told while it goes on. */
export interface LayerReadingOptions {
  /** Stops the work: `advance` rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Hears now and then, and at the end, how many bytes of the layer were read, as stored. */
  readonly onProgress?: (readBytes: number) => void;
  /** Hears remarks on entries. */
  readonly onNotice?: NoticeListener;
}

/** Reads one layer step by step. */
export interface LayerReading {
  /** What was read; `null` until all of it was. */
  readonly summary: LayerSummary | null;
  /**
   * Reads on: `byteCount` uncompressed bytes or a little more, then to the end of the entry that is
   * under way, so that between two calls no file is open; unless it `mayStopInFile`. Where it stops
   * depends on the layer alone. Answers whether the layer is complete.
   *
   * Rejects with `ImageError` that names the layer, with the signal's reason, or with whatever the
   * visitor throws.
   */
  advance(byteCount: number, mayStopInFile?: boolean): Promise<boolean>;
  /** Gives files and memory back. */
  close(): void;
}
