/**
 * Small files of the cache.
 *
 * @module
 */
import { systemError } from "../../io/system_error.ts";
import { removeIfThere } from "./partial_blob.ts";

/**
 * Puts `bytes` at `path` in one step: no other process ever sees half of them.
 *
 * Throws `ImageError` `PERMISSION`, `OUT_OF_SPACE` or `IO`.
 */
export function replaceFile(path: string, bytes: Uint8Array): void {
  const newPath = `${path}.${crypto.getRandomValues(new Uint8Array(8)).toHex()}.new`;
  try {
    Deno.writeFileSync(newPath, bytes, { createNew: true, mode: 0o600 });
    Deno.renameSync(newPath, path);
  } catch (error) {
    removeIfThere(newPath);
    throw systemError(error, "write cached file", path);
  }
}
