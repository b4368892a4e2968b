/**
 * Names of files as output shows them: safe on a terminal, exact elsewhere.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { type ByteString, utf8ByteString } from "../bytes/byte_string.ts";

/** Turns a name or path into bytes to write. */
export type NameStyle = (name: ByteString) => ByteString;

/** The style for an output: on a terminal as words of the shell, else byte for byte, as `ls` does. */
export function nameStyle(isTerminal: boolean): NameStyle {
  return isTerminal ? shellName : (name) => name;
}

/**
 * A name as one word of bash: as it is where that is safe, in quotes, or as `$'…'` where it has
 * control characters, bytes that are not UTF-8, or characters that turn the direction of text.
 */
export function shellName(name: ByteString): ByteString {
  if (/^[\w@%+:,./-]+$/.test(name)) return name;
  const text = exactText(name);
  if (!UNSAFE.test(text)) return utf8ByteString(`'${text.replaceAll("'", "'\\''")}'`);
  return `$'${
    name.replace(/[^\x20-\x7e]|[\\']/g, (unit) => {
      if (unit === "\\" || unit === "'") return `\\${unit}`;
      const short = SHORT_ESCAPES.get(unit);
      return short ?? `\\${unit.charCodeAt(0).toString(8).padStart(3, "0")}`;
    })
  }'`;
}

const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);

/** Control characters, lone surrogates (no UTF-8), and what turns the direction of text. */
const UNSAFE =
  // deno-lint-ignore no-control-regex -- control characters are what is escaped
  /[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]/u;

/**
 * A name as text that tells every byte: UTF-8 decoded, and each byte that is no UTF-8 as a lone
 * surrogate U+DC80 to U+DCFF, as Python's `surrogateescape` does it. No two names are the same text.
 */
export function exactText(name: ByteString): string {
  // deno-lint-ignore no-control-regex -- the range is all of ASCII
  if (/^[\x00-\x7f]*$/.test(name)) return name;
  return name.replace(/[\x80-\xff]+/g, decodeRun);
}

/** Sequences of UTF-8 (RFC 3629, section 4) as byte strings, beyond ASCII. */
const SEQUENCE =
  /[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[^]/g;

function decodeRun(run: ByteString): string {
  return run.replace(
    SEQUENCE,
    (sequence) =>
      sequence.length === 1
        ? String.fromCharCode(0xdc00 + sequence.charCodeAt(0))
        : Buffer.from(sequence, "latin1").toString("utf8"),
  );
}

/**
 * A value as JSON in one line, as bytes to write. Strings of it that came from {@linkcode exactText}
 * keep their lone surrogates as escapes; nothing in it can move a cursor.
 */
export function jsonLine(value: unknown): ByteString {
  const text = JSON.stringify(value).replace(
    /[\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return utf8ByteString(text);
}
