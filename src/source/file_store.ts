/**
 * A set of named files that an image is read from: a directory, or the members of a tar archive.
 *
 * @module
 */
import { ImageError } from "../image_error.ts";
import { fileSource } from "../io/file_source.ts";
import type { BlobLocation } from "../layer/layer.ts";
import { LARGEST_DOCUMENT_BYTES } from "../oci/json_document.ts";
import { quote } from "../oci/quote.ts";

/** One regular file of a store. */
export interface StoredFile {
  /** Where its bytes are. */
  readonly location: BlobLocation;
  /** Its bytes. */
  readonly size: number;
}

/** Named files, read-only. */
export interface FileStore {
  /** The directory or archive, for messages. */
  readonly name: string;
  /**
   * The regular file at `path` (relative, `/` between components); `null` when nothing is there.
   *
   * Throws `ImageError` `UNSAFE_PATH` when the path leaves the store, `CORRUPT` when something
   * else than a regular file is there, `PERMISSION` or `IO`.
   */
  find(path: string): StoredFile | null;
  /** Gives temporary files back. Calling it again does nothing. */
  close(): void;
}

/**
 * The bytes of a small file, such as `index.json`; `null` when it is not there.
 *
 * Throws `ImageError` `LIMIT_EXCEEDED` when it is larger than a document may be.
 */
export function readDocumentFile(store: FileStore, path: string): Uint8Array | null {
  const file = store.find(path);
  if (file === null) return null;
  if (file.size > LARGEST_DOCUMENT_BYTES) {
    throw new ImageError(
      "LIMIT_EXCEEDED",
      `Cannot read document ${quote(path)}: it has ${file.size} bytes, expected at most ` +
        `${LARGEST_DOCUMENT_BYTES}`,
    );
  }
  return readStoredFile(file);
}

/**
 * All bytes of a stored file; the caller has bounded its size.
 *
 * Throws `ImageError` `CORRUPT` when the file became shorter, `PERMISSION` or `IO`.
 */
export function readStoredFile(file: StoredFile): Uint8Array {
  const { location, size } = file;
  if (location.kind === "memory") return location.bytes;
  const source = fileSource(location.path);
  try {
    const bytes = new Uint8Array(size);
    const count = source.read(bytes, location.offset);
    if (count === size) return bytes;
    throw new ImageError(
      "CORRUPT",
      `Cannot read file ${quote(location.path)}: it ends after ${count} bytes, expected ${size}`,
    );
  } finally {
    source.close();
  }
}
