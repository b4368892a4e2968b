/**
 * OCI image layouts (image-spec `image-layout.md`): `oci-layout`, `index.json` and `blobs/`.
 *
 * @module
 */
import * as v from "valibot";
import { ImageError } from "../image_error.ts";
import { parseIndex } from "../oci/index.ts";
import type { ImageIndex } from "../oci/index.ts";
import { checkDocument, parseJson } from "../oci/json_document.ts";
import { quote } from "../oci/quote.ts";
import { chooseImage } from "./choose_image.ts";
import { type FileStore, readDocumentFile } from "./file_store.ts";
import { LayoutBlobs } from "./layout_blobs.ts";
import type { ImageRequest } from "./open_options.ts";
import { type ImageParts, openManifest } from "./opened_image.ts";

/** Name of the file that lists the images of a layout. */
export const LAYOUT_INDEX = "index.json";
const LAYOUT_MARKER = "oci-layout";

const markerSchema = v.object({ imageLayoutVersion: v.string() });

/**
 * The index of the layout in `files`, `null` when it has none.
 *
 * The specification demands the file `oci-layout`; a layout without it is taken nevertheless, since
 * some builders leave it out and `index.json` says all that is needed. One that is there must name
 * a version 1.
 */
export function readLayoutIndex(files: FileStore): ImageIndex | null {
  const bytes = readDocumentFile(files, LAYOUT_INDEX);
  if (bytes === null) return null;
  const marker = readDocumentFile(files, LAYOUT_MARKER);
  if (marker !== null) checkMarker(marker);
  return parseIndex(bytes, LAYOUT_INDEX, "");
}

/** Opens the image of a layout that the request means. */
export async function openLayout(
  index: ImageIndex,
  files: FileStore,
  request: ImageRequest,
): Promise<ImageParts> {
  const blobs = new LayoutBlobs(files);
  const chosen = await chooseImage(index.manifests, blobs, request);
  return await openManifest(chosen, blobs, request);
}

function checkMarker(bytes: Uint8Array): void {
  const document = { kind: "file", name: LAYOUT_MARKER };
  const { imageLayoutVersion } = checkDocument(markerSchema, parseJson(bytes, document), document);
  if (!/^1\.\d+\.\d+$/.test(imageLayoutVersion)) {
    throw new ImageError(
      "UNSUPPORTED",
      `Cannot read image layout: its version is ${quote(imageLayoutVersion)}, expected 1.0.0`,
    );
  }
}
