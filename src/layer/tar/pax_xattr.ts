/**
 * Extended attributes in PAX records.
 *
 * `SCHILY.xattr.NAME` holds the value as it is. libarchive writes `LIBARCHIVE.xattr.NAME` as well,
 * with the name URL-encoded and the value in base64 without padding.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";

/** Longest name in bytes (`XATTR_NAME_MAX` of Linux). */
export const MAX_XATTR_NAME_BYTES = 255;

/** Throws `ImageError` where `name` cannot be an attribute: empty, with a NUL, or above 255 bytes. */
export function checkXattrName(name: ByteString): void {
  if (name === "" || name.includes("\0")) {
    throw new ImageError(
      "CORRUPT",
      `Cannot read extended attribute "${displayByteString(name.slice(0, 255))}": ` +
        `its name is ${name === "" ? "empty" : "cut by a NUL byte"}, expected a full name`,
    );
  }
  if (name.length > MAX_XATTR_NAME_BYTES) {
    throw new ImageError(
      "LIMIT_EXCEEDED",
      `Cannot read extended attribute "${displayByteString(name.slice(0, 60))}…": ` +
        `its name has ${name.length} bytes, expected at most ${MAX_XATTR_NAME_BYTES}`,
    );
  }
}

/** A name as libarchive writes it, decoded: `%41` is `A`; a `%` that starts no code stays. */
export function decodeLibarchiveName(name: ByteString): ByteString {
  if (!name.includes("%")) return name;
  return name.replace(
    /%([0-9a-fA-F]{2})/g,
    (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)),
  );
}

/** A value as libarchive writes it: base64, its padding left out. Throws `ImageError` `CORRUPT`. */
export function decodeLibarchiveValue(text: ByteString, name: ByteString): Uint8Array {
  const digits = text.replace(/[=\n\r]+$/, "");
  if (!/^[A-Za-z0-9+/]*$/.test(digits) || digits.length % 4 === 1) {
    throw new ImageError(
      "CORRUPT",
      `Cannot read extended attribute "${displayByteString(name)}": ` +
        "its value is not base64, expected base64 without padding",
    );
  }
  const binary = atob(digits);
  const value = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) value[i] = binary.charCodeAt(i);
  return value;
}
