/**
 * Paths in an image as people give them.
 *
 * @module
 */
import { type ByteString, utf8ByteString } from "../bytes/byte_string.ts";

/** Longest name of a file, bytes (`NAME_MAX` of Linux). */
const MAX_NAME_BYTES = 255;

/**
 * The clean form of an absolute path: no slash at either end, no empty and no `.` components; empty for
 * the root. Throws `TypeError` for any other path, and for a `..` component, a NUL or a name above 255
 * bytes.
 */
export function parseGuestPath(path: string): ByteString {
  const refuse = (observed: string) => {
    throw new TypeError(`Cannot add to ${JSON.stringify(path)}: ${observed}`);
  };
  if (!path.startsWith("/")) refuse("it does not start with a slash, expected an absolute path");
  if (path.includes("\0")) refuse("it holds a NUL byte, expected none");
  const names = utf8ByteString(path).split("/").filter((name) => name !== "" && name !== ".");
  if (names.includes("..")) refuse('it has a ".." component, expected a path inside the root');
  if (names.some((name) => name.length > MAX_NAME_BYTES)) {
    refuse(`a component is too long, expected at most ${MAX_NAME_BYTES} bytes`);
  }
  return names.join("/");
}
