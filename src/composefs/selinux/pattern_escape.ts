/**
 * What a backslash and what follows it mean in a pattern.
 *
 * @module
 */
import { type ByteSet, invertedSet, namedSet, rangesSet } from "./byte_set.ts";
import type { PatternText } from "./pattern_text.ts";

/** Bytes that have a letter. */
const CONTROL_BYTES: Readonly<Record<string, number>> = {
  a: 0x07,
  t: 0x09,
  n: 0x0a,
  f: 0x0c,
  r: 0x0d,
};

/** Classes that have a letter; the capital is everything else. */
const CLASS_NAMES: Readonly<Record<string, string>> = { d: "digit", s: "space", w: "word" };

/**
 * Reads what follows a backslash: one byte as its number, or a set. Throws `ImageError` `CORRUPT`
 * where nothing follows, `UNSUPPORTED` for what tools read differently (`\<`, `\v`), for references
 * to groups, and for what else is not a byte or a set.
 */
export function readEscape(input: PatternText): number | ByteSet {
  if (input.isAtEnd) throw input.corrupt("it ends in a backslash", "a character after it");
  const hex = input.takeMatch(/x(?:\{([0-9A-Fa-f]{1,2})\}|([0-9A-Fa-f]{2}))/y);
  if (hex !== null) return parseInt(hex[1] ?? hex[2], 16);
  const letter = input.next;
  if (Object.hasOwn(CONTROL_BYTES, letter)) {
    input.at++;
    return CONTROL_BYTES[letter];
  }
  const lower = letter.toLowerCase();
  if (Object.hasOwn(CLASS_NAMES, lower)) {
    input.at++;
    const set = namedSet(CLASS_NAMES[lower])!;
    return letter === lower ? set : invertedSet(set);
  }
  if (/[!-/:;=?@[-`{-~]/.test(letter)) {
    input.at++;
    return letter.charCodeAt(0);
  }
  throw input.unsupported(`it has "\\${letter}"`, "an escape of a byte or of a class");
}

/** The set of what {@linkcode readEscape} answers. */
export function escapedSet(escape: number | ByteSet): ByteSet {
  return typeof escape === "number" ? rangesSet(escape, escape) : escape;
}
