/**
 * Names of entries made clean and safe: what a tar may say and what it then means.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";

/** Longest component of a path in bytes (`NAME_MAX` of Linux). */
export const MAX_COMPONENT_BYTES = 255;
/** Longest path in bytes: what a name may be at all, sixteen times `PATH_MAX` of Linux. */
export const MAX_PATH_BYTES = 16 * 4096;
/** Longest target of a symbolic link in bytes (`PATH_MAX` of Linux without its NUL). */
export const MAX_TARGET_BYTES = 4095;

const SLASH = 0x2f;
const DOT = 0x2e;

/**
 * The clean form of a path in a tar: without leading and trailing slashes, empty and `.`
 * components; empty for the root. `what` names it in messages.
 *
 * Throws `ImageError` `UNSAFE_PATH` for a `..` component or a NUL, `LIMIT_EXCEEDED` for a
 * component above 255 bytes or a path above 65,536.
 */
export function cleanPath(path: ByteString, what: string): ByteString {
  const length = path.length;
  if (length > MAX_PATH_BYTES) {
    throw new ImageError(
      "LIMIT_EXCEEDED",
      `Cannot accept ${what} "${
        shorten(path)
      }": ${length} bytes, expected at most ${MAX_PATH_BYTES}`,
    );
  }
  // Many tars begin all names with "./" and end those of directories with "/".
  const [first, end] = trimmed(path);
  let isClean = true;
  let start = first;
  for (let i = first; i <= end; i++) {
    const char = i === end ? SLASH : path.charCodeAt(i);
    if (char === 0) throw unsafe(path, what, "it holds a NUL byte, expected none");
    if (char !== SLASH) continue;
    const size = i - start;
    if (size === 0) {
      isClean = false;
    } else if (path.charCodeAt(start) === DOT) {
      if (size === 1) isClean = false;
      else if (size === 2 && path.charCodeAt(start + 1) === DOT) {
        throw unsafe(path, what, 'it has a ".." component, expected a path inside the root');
      }
    }
    if (size > MAX_COMPONENT_BYTES) {
      throw new ImageError(
        "LIMIT_EXCEEDED",
        `Cannot accept ${what} "${shorten(path)}": a component has ${size} bytes, ` +
          `expected at most ${MAX_COMPONENT_BYTES}`,
      );
    }
    start = i + 1;
  }
  if (isClean) return path.slice(first, end);
  return path.split("/").filter((component) => component !== "" && component !== ".").join("/");
}

/** The part of a path between `./` and slashes in front and slashes behind. */
function trimmed(path: ByteString): readonly [start: number, end: number] {
  let start = 0;
  let end = path.length;
  for (;;) {
    if (path.charCodeAt(start) === SLASH) start++;
    else if (path.charCodeAt(start) === DOT && path.charCodeAt(start + 1) === SLASH) start += 2;
    else break;
  }
  while (end > start && path.charCodeAt(end - 1) === SLASH) end--;
  return [start, end];
}

function unsafe(path: ByteString, what: string, observed: string): ImageError {
  return new ImageError("UNSAFE_PATH", `Cannot accept ${what} "${shorten(path)}": ${observed}`);
}

/** A path fit for a message: shown as text, its middle left out when it is very long. */
export function shorten(path: ByteString): string {
  if (path.length <= 200) return displayByteString(path);
  return `${displayByteString(path.slice(0, 120))}…${displayByteString(path.slice(-60))}`;
}
