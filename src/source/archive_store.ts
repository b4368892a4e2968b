/**
 * The members of a tar archive, read in place.
 *
 * @module
 */
import { ImageError } from "../image_error.ts";
import { quote } from "../oci/quote.ts";
import type { FileStore } from "./file_store.ts";

/** Opens the archive at `path`. */
export function openArchive(path: string, _signal?: AbortSignal): Promise<FileStore> {
  return Promise.reject(
    new ImageError("UNSUPPORTED", `Cannot open ${quote(path)}: it is a file, expected a directory`),
  );
}
