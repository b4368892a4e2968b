/**
 * The text of a pattern while it is read.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";

/** A pattern, and how far it was read. */
export class PatternText {
  /** The pattern. */
  readonly text: ByteString;
  /** Line of the file that it stands in, from 1. */
  readonly line: number;
  /** Where the next byte is. */
  at = 0;

  /** Starts to read `text`. */
  constructor(text: ByteString, line: number) {
    this.text = text;
    this.line = line;
  }

  /** Whether all was read. */
  get isAtEnd(): boolean {
    return this.at === this.text.length;
  }

  /** The next byte as a char, empty at the end. */
  get next(): ByteString {
    return this.text.charAt(this.at);
  }

  /** Passes over `token` where it comes next; answers whether it did. */
  take(token: ByteString): boolean {
    if (!this.text.startsWith(token, this.at)) return false;
    this.at += token.length;
    return true;
  }

  /** Passes over what `pattern`, which must be sticky, matches next; `null` where it does not. */
  takeMatch(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match !== null) this.at += match[0].length;
    return match;
  }

  /** The error that the pattern breaks the rules. */
  corrupt(observed: string, expected: string): ImageError {
    return this.#error("CORRUPT", observed, expected);
  }

  /** The error that the pattern has something that is not handled. */
  unsupported(observed: string, expected: string): ImageError {
    return this.#error("UNSUPPORTED", observed, expected);
  }

  /** The error that the pattern is too large. */
  tooLarge(observed: string, expected: string): ImageError {
    return this.#error("LIMIT_EXCEEDED", observed, expected);
  }

  #error(
    code: "CORRUPT" | "UNSUPPORTED" | "LIMIT_EXCEEDED",
    observed: string,
    expected: string,
  ): ImageError {
    const shown = this.text.length <= LONGEST_SHOWN
      ? this.text
      : `${this.text.slice(0, LONGEST_SHOWN)}…`;
    return new ImageError(
      code,
      `Cannot read pattern "${
        displayByteString(shown)
      }" of line ${this.line}: ${observed}, expected ${expected}`,
    );
  }
}

/** Bytes of a pattern that an error shows. */
const LONGEST_SHOWN = 200;
