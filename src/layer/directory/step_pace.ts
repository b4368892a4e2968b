/**
 * The pace of a reading that goes step by step, an entry or a piece of a file at a time: how far
 * one turn goes, and when other work gets its own.
 *
 * @module
 */
import type { LayerVisitor } from "../layer_entry.ts";
import { type LayerReadingOptions, TURN_SIZE } from "../layer_reading.ts";
import { pause } from "../pause.ts";
import type { ContentDigest } from "./content_digest.ts";
import type { FileReceiver } from "./file_copy.ts";

/** What an entry counts for in a turn, beside its bytes: as much as in a tar. */
export const ENTRY_SIZE = 512;

/** A reading as its pace sees it. */
export interface Steps {
  /** Entries and bytes so far, in the measure of turns. */
  readonly offset: number;
  /** Bytes of files so far. */
  readonly byteCount: number;
  /** Whether a file is being copied: no turn ends there. */
  readonly isInFile: boolean;
  /** Whether all was read. */
  readonly isComplete: boolean;
  /** Takes the next entry or piece. */
  step(): void;
}

/** Lets a reading go on by turns. */
export class StepPace {
  readonly #options: LayerReadingOptions;
  #untilTurn = TURN_SIZE;

  /** The options say who stops the work and who hears of it. */
  constructor(options: LayerReadingOptions) {
    this.#options = options;
  }

  /** Steps on for `byteCount` bytes, then to the end of the file; answers whether all was read. */
  async advance(steps: Steps, byteCount: number): Promise<boolean> {
    const stopAt = steps.offset + byteCount;
    while (!steps.isComplete) {
      if (!steps.isInFile && steps.offset >= stopAt) return false;
      const before = steps.offset;
      steps.step();
      this.#untilTurn -= steps.offset - before;
      if (this.#untilTurn > 0) continue;
      this.#untilTurn = TURN_SIZE;
      await pause();
      this.#options.signal?.throwIfAborted();
      this.#options.onProgress?.(steps.byteCount);
    }
    return true;
  }
}

/** Gives what a file holds to a digest and to the visitor. */
export function digestingReceiver(digest: ContentDigest, visitor: LayerVisitor): FileReceiver {
  return {
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
