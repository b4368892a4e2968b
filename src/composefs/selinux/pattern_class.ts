/**
 * Bracket expressions of patterns, as `[a-z]` and `[^/[:digit:]]`.
 *
 * Some that look harmless are read differently by different tools: an inner `[` without a backslash,
 * `&&`, `--` and `~~` are set operations to some of them. These are refused.
 *
 * @module
 */
import {
  addOtherCase,
  addSet,
  type ByteSet,
  invertedSet,
  namedSet,
  rangesSet,
} from "./byte_set.ts";
import { escapedSet, readEscape } from "./pattern_escape.ts";
import type { PatternText } from "./pattern_text.ts";

/** Reads a bracket expression behind its `[`. Throws `ImageError` `CORRUPT` or `UNSUPPORTED`. */
export function readClass(input: PatternText, ignoresCase: boolean): ByteSet {
  const isInverted = input.take("^");
  const set = rangesSet();
  // A bracket that closes at once stands for itself.
  if (input.take("]")) addItem(input, set, 0x5d);
  while (!input.take("]")) addItem(input, set, readItem(input));
  if (ignoresCase) addOtherCase(set);
  return isInverted ? invertedSet(set) : set;
}

/** Adds an item, or the range that begins with it. */
function addItem(input: PatternText, set: ByteSet, first: number | ByteSet): void {
  if (input.takeMatch(/-(?![-\]])/y) === null) {
    addSet(set, escapedSet(first));
    return;
  }
  const last = readItem(input);
  if (typeof first !== "number" || typeof last !== "number") {
    throw input.unsupported("it has a range to or from a class", "ranges of bytes");
  }
  if (last < first) throw input.corrupt("it has a range that ends before it begins", "its order");
  set.fill(1, first, last + 1);
}

/** Reads a byte, an escape, or a class by name. */
function readItem(input: PatternText): number | ByteSet {
  if (input.isAtEnd) throw input.corrupt("it has a bracket that is not closed", "a ]");
  const named = input.takeMatch(/\[:(\^?)([a-z]+):\]/y);
  if (named !== null) {
    const set = namedSet(named[2]);
    if (set === null) throw input.corrupt(`it has class "${named[2]}"`, "a class that there is");
    return named[1] === "" ? set : invertedSet(set);
  }
  const operation = input.takeMatch(/\[|&&|--|~~/y);
  if (operation !== null) {
    throw input.unsupported(`it has "${operation[0]}" between brackets`, "a backslash before it");
  }
  if (input.take("\\")) return readEscape(input);
  return input.text.charCodeAt(input.at++);
}
