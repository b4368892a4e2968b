/**
 * Names of outputs under way: `.NAME.<random>.partial`, beside what they shall become.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { basename } from "node:path";

/** Linux names have at most 255 bytes; the rest is for the random part and the suffix. */
const STEM_BYTES = 200;
const SUFFIX = ".partial";

/** A new name for the output that shall stand at `path`. */
export function partialName(path: string): string {
  return `${stemOf(path)}${crypto.getRandomValues(new Uint8Array(8)).toHex()}${SUFFIX}`;
}

/** Whether `name` is one that an output for `path` may have had. */
export function isPartialName(name: string, path: string): boolean {
  const stem = stemOf(path);
  return name.startsWith(stem) && /^[0-9a-f]{16}\.partial$/.test(name.slice(stem.length));
}

/** `.NAME.`, cut at a character so that the whole hidden name fits. */
function stemOf(path: string): string {
  const name = basename(path);
  let stem = "";
  let byteCount = 0;
  for (const character of name) {
    byteCount += Buffer.byteLength(character);
    if (byteCount > STEM_BYTES) break;
    stem += character;
  }
  return `.${stem}.`;
}
