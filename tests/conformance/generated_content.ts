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

/** Fills `into` with the data of a file from `position`; no byte of it is zero. */
export function fillData(seed: number, into: Uint8Array, position: number): void {
  for (let i = 0; i < into.length; i++) {
    const at = position + i;
    // The low bits change with every byte, the high ones with every block.
    const mixed = Math.imul((at % 0x1_0000_0000) ^ seed, 0x9e3779b1) ^
      Math.floor(at / 0x1_0000_0000) * 0x85ebca6b;
    into[i] = (mixed >>> 24 ^ mixed >>> 8) & 0xff || 1;
  }
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
