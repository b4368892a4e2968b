/**
 * Byte strings: names as Linux has them.
 *
 * A file name is any bytes but NUL and `/`; it need not be UTF-8. Inside the program a name or
 * path is a JavaScript string with one char (0–255) for each byte: lossless, compact in V8, and
 * `<` sorts it in byte order. Decode only to show a name to a person.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** A string whose chars are bytes (0–255). */
export type ByteString = string;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

// Up to here a loop is faster than the call into the runtime. A longer string that is put together
// stays in its pieces: one of 20 bytes would take 200.
const LONGEST_LOOP = 12;

/** The bytes `[start, end)` of `bytes` as a byte string. */
export function byteStringFrom(bytes: Uint8Array, start = 0, end = bytes.length): ByteString {
  if (end - start > LONGEST_LOOP) return Buffer.prototype.latin1Slice.call(bytes, start, end);
  let text = "";
  let i = start;
  if (i + 8 <= end) {
    text = String.fromCharCode(
      bytes[i],
      bytes[i + 1],
      bytes[i + 2],
      bytes[i + 3],
      bytes[i + 4],
      bytes[i + 5],
      bytes[i + 6],
      bytes[i + 7],
    );
    i += 8;
  }
  for (; i < end; i++) text += String.fromCharCode(bytes[i]);
  return text;
}

/**
 * The same bytes in a string of its own. A piece that was cut out of a string keeps all of that in
 * memory: for pieces that stay.
 */
export function ownByteString(text: ByteString): ByteString {
  return text.length > LONGEST_LOOP ? byteStringFrom(bytesOf(text)) : text;
}

/** Writes `text` at `at` of `bytes`; one byte for each char. */
export function writeByteString(bytes: Uint8Array, at: number, text: ByteString): void {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
}

/** The bytes of a byte string. */
export function bytesOf(text: ByteString): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  writeByteString(bytes, 0, text);
  return bytes;
}

/** The byte string of ordinary text, encoded as UTF-8. */
export function utf8ByteString(text: string): ByteString {
  return byteStringFrom(encoder.encode(text));
}

/**
 * A byte string made fit to be shown: decoded as UTF-8 where it is valid, with control
 * characters and invalid bytes as `\xNN`, so that it is safe on a terminal.
 */
export function displayByteString(text: ByteString): string {
  let decoded: string;
  try {
    decoded = decoder.decode(bytesOf(text));
  } catch {
    // Not UTF-8: show every byte beyond ASCII by its number.
    // deno-lint-ignore no-control-regex -- control characters are what is escaped
    return text.replace(/[\x00-\x1f\x7f-\xff]/g, escapeUnit);
  }
  // deno-lint-ignore no-control-regex -- control characters are what is escaped
  return decoded.replace(/[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, escapeUnit);
}

function escapeUnit(unit: string): string {
  const code = unit.charCodeAt(0);
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, "0")}`
    : `\\u${code.toString(16).padStart(4, "0")}`;
}
