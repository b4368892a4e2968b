/**
 * Values from outside, made fit to stand in a message.
 *
 * @module
 */
import { displayByteString, utf8ByteString } from "../bytes/byte_string.ts";

/** Longest piece of a value that a message repeats, in characters. */
const LONGEST_QUOTE = 120;

/**
 * A value as a message shows it: text in double quotes, control characters escaped, long text cut;
 * anything else by its kind.
 */
export function quote(value: unknown): string {
  if (typeof value === "string") return `"${quoteText(value)}"`;
  if (value === null || typeof value === "number" || typeof value === "boolean") return `${value}`;
  if (value === undefined) return "missing";
  return Array.isArray(value) ? "a list" : "an object";
}

/** The same for text alone, without the quotes around it. */
export function quoteText(text: string): string {
  const shown = text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text;
  // A lone half of a surrogate pair has no UTF-8 form; the encoder shows it as U+FFFD.
  return displayByteString(utf8ByteString(shown)).replaceAll('"', '\\"');
}
