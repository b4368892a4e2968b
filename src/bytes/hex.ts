/**
 * Bytes as hexadecimal text.
 *
 * @module
 */

/** Lower-case hexadecimal of `bytes`. */
export function toHex(bytes: Uint8Array): string {
  return bytes.toHex();
}

/** The bytes of hexadecimal text; throws `SyntaxError` on anything else. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(text);
}
