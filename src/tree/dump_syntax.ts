/**
 * The syntax of composefs dump files (`composefs-dump(5)`): how bytes stand in a field.
 *
 * @module
 */
import type { ByteString } from "../bytes/byte_string.ts";

/** A field that has nothing in it. */
export const NOTHING = "-";
/** First character of a mode that marks a further name of a file. */
export const HARD_LINK_MARK = "@";

/** A field; a dash alone would mean that there is nothing. */
export function escapeField(text: ByteString): string {
  return text === NOTHING ? "\\x2d" : text.replace(/[^\x21-\x7e]|\\/g, escapeUnit);
}

/** Name or value of an attribute. */
export function escapeXattr(text: ByteString): string {
  return text.replace(/[^\x21-\x7e]|[\\=]/g, escapeUnit);
}

/** The bytes that an escaped text stands for; `null` where an escape is not one of the syntax. */
export function unescapeField(text: string): ByteString | null {
  if (!text.includes("\\")) return text;
  let isRight = true;
  const bytes = text.replace(
    /\\(?:([\\nrt])|x([0-9a-fA-F]{2})|)/g,
    (_, letter: string | undefined, hex: string | undefined) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      if (letter === undefined) isRight = false;
      return letter === undefined ? "" : LETTERS[letter];
    },
  );
  return isRight ? bytes : null;
}

const LETTERS: Readonly<Record<string, string>> = { "\\": "\\", n: "\n", r: "\r", t: "\t" };

function escapeUnit(unit: string): string {
  switch (unit) {
    case "\\":
      return "\\\\";
    case "\n":
      return "\\n";
    case "\r":
      return "\\r";
    case "\t":
      return "\\t";
    default:
      return `\\x${unit.charCodeAt(0).toString(16).padStart(2, "0")}`;
  }
}
