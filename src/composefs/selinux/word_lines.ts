/**
 * Lines of words, as all files of a policy have them: words between spaces, comments behind `#`.
 *
 * @module
 */
import type { ByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";

/** Bytes of a line: a path and a label, and more than enough. */
const LONGEST_LINE = 16_384;

/** A line of words. */
export interface WordLine {
  /** Its number, from 1. */
  readonly line: number;
  /** At least one. */
  readonly words: readonly ByteString[];
}

/**
 * The lines of a text that are neither empty nor comments. Throws `ImageError` `LIMIT_EXCEEDED` where
 * one is too long.
 */
export function* wordLines(text: ByteString): Generator<WordLine> {
  let line = 0;
  for (let at = 0; at < text.length;) {
    const newline = text.indexOf("\n", at);
    const end = newline === -1 ? text.length : newline;
    line++;
    if (end - at > LONGEST_LINE) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot read line ${line}: it has ${end - at} bytes, expected at most ${LONGEST_LINE}`,
      );
    }
    // Only these are spaces: `\s` would split at bytes of UTF-8 too.
    const words = text.slice(at, end).match(/[^\t\v\f\r ]+/g);
    if (words !== null && !words[0].startsWith("#")) yield { line, words };
    at = end + 1;
  }
}
