/**
 * Words of the POSIX shell.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../bytes/byte_string.ts";
import { ImageError } from "../image_error.ts";

/**
 * `text` as one word of the shell that means exactly its bytes (XCU 2.2.2, single quotes).
 *
 * Throws `ImageError` `CORRUPT` for a NUL byte, which no argument of a program can hold.
 */
export function shellQuote(text: ByteString): ByteString {
  if (text.includes("\0")) {
    throw new ImageError(
      "CORRUPT",
      `Cannot quote "${displayByteString(text)}" for the shell: it holds a NUL byte, expected none`,
    );
  }
  return `'${text.replaceAll("'", "'\\''")}'`;
}
