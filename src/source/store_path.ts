/**
 * Paths inside a store, as they come from documents and archive members.
 *
 * @module
 */
import { ImageError } from "../image_error.ts";
import { quote } from "../oci/quote.ts";

/** Longest path that Linux accepts. */
const LONGEST_PATH = 4096;

/**
 * The clean form of a relative path: no empty or `.` components.
 *
 * Throws `ImageError` `UNSAFE_PATH` when it is empty, absolute, too long, or holds `..` or NUL.
 */
export function cleanStorePath(path: string): string {
  const components = path.split("/").filter((part) => part !== "" && part !== ".");
  const unsafe = path.startsWith("/") || path.includes("\0") || path.includes("\\") ||
    components.includes("..");
  if (unsafe || components.length === 0 || path.length > LONGEST_PATH) {
    throw new ImageError(
      "UNSAFE_PATH",
      `Cannot use path ${quote(path)}: it is unsafe, expected a relative path inside the image`,
    );
  }
  return components.join("/");
}
