/**
 * File contents that are computed instead of stored: every byte depends on its file and its
 * position, so that a block in the wrong place is found out.
 *
 * @module
 */
import type { ContentReader } from "../../src/tree/content_reader.ts";

/** The bytes of a file: data in some ranges, zeros elsewhere. */
export interface GeneratedContent {
  /** Makes the data differ from that of other files. */
  readonly seed: number;
  /** Ranges `[start, end)` that hold data, ascending. */
  readonly data: readonly (readonly [start: number, end: number])[];
  /** Whether what lies between the ranges is handed to a writer as zeros instead of holes. */
  readonly writesZeros: boolean;
}

/** Bytes of a page: it begins with its number and goes on with the pattern of its file. */
const PAGE_SIZE = 4096;
const NUMBER_SIZE = 6;

/** Fills `into` with the data of a file from `position`; no byte of it is zero. */
export function fillData(seed: number, into: Uint8Array, position: number): void {
  const page = patternOf(seed);
  for (let done = 0; done < into.length;) {
    const at = position + done;
    const offset = at % PAGE_SIZE;
    let number = (at - offset) / PAGE_SIZE;
    for (let i = 0; i < NUMBER_SIZE; i++) {
      page[i] = 1 + number % 255;
      number = Math.floor(number / 255);
    }
    const piece = page.subarray(offset, Math.min(PAGE_SIZE, offset + into.length - done));
    into.set(piece, done);
    done += piece.length;
  }
}

let pattern = { seed: NaN, bytes: new Uint8Array(PAGE_SIZE) };

function patternOf(seed: number): Uint8Array {
  if (pattern.seed !== seed) {
    const bytes = new Uint8Array(PAGE_SIZE);
    let state = seed | 1;
    for (let i = 0; i < PAGE_SIZE; i++) {
      state = Math.imul(state, 0x9e3779b1) + 0x7f4a7c15 | 0;
      bytes[i] = state >>> 24 || 1;
    }
    pattern = { seed, bytes };
  }
  return pattern.bytes;
}

/** Reads generated contents. */
export const generatedReader: ContentReader<GeneratedContent> = {
  read(content, into, position) {
    into.fill(0);
    for (const [start, end] of content.data) {
      const from = Math.max(start, position);
      const to = Math.min(end, position + into.length);
      if (from < to) {
        fillData(content.seed, into.subarray(from - position, to - position), from);
      }
    }
    return into.length;
  },
  seekData(content, position) {
    const found = content.data.find(([, end]) => end > position);
    return found === undefined ? Infinity : Math.max(position, found[0]);
  },
};
