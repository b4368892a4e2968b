/**
 * From a store of files to an open image.
 *
 * @module
 */
import { ImageError } from "../image_error.ts";
import { quote } from "../oci/quote.ts";
import type { FileStore } from "./file_store.ts";
import type { Image } from "./image.ts";
import { openLayout, readLayoutIndex } from "./oci_layout.ts";
import type { ImageRequest } from "./open_options.ts";
import type { ImageParts } from "./opened_image.ts";

/** How a store of some form is opened. */
export type StoreOpener = (files: FileStore, request: ImageRequest) => Promise<ImageParts>;

/**
 * Opens the store that `acquire` gives, and with `open` the image in it. When anything fails the
 * store is closed, and the error says which source it was.
 */
export async function openStore(
  acquire: () => FileStore | Promise<FileStore>,
  request: ImageRequest,
  open: StoreOpener,
): Promise<Image> {
  let acquired: FileStore | null = null;
  try {
    request.checkCancelled();
    const files = acquired = await acquire();
    const parts = await open(files, request);
    return {
      ...parts,
      close(): Promise<void> {
        files.close();
        return Promise.resolve();
      },
    };
  } catch (error) {
    acquired?.close();
    throw error instanceof ImageError ? error.at({ source: request.reference }) : error;
  }
}

/** Opens a store that must be an OCI image layout. */
export function openOciStore(files: FileStore, request: ImageRequest): Promise<ImageParts> {
  const index = readLayoutIndex(files);
  if (index === null) throw notAnImage(files, "index.json");
  return openLayout(index, files, request);
}

/** The error for a store without the file that would make it an image. */
export function notAnImage(files: FileStore, expected: string): ImageError {
  return new ImageError(
    "NOT_FOUND",
    `Cannot find image in ${quote(files.name)}: it has no ${expected}, expected an image with one`,
  );
}
