/**
 * Keeps manifests and indexes apart (CVE-2021-41190): one document that is valid as both could be
 * read in two ways under one digest.
 *
 * @module
 */
import * as v from "valibot";
import { ImageError } from "../image_error.ts";
import { checkDocument, describe, type DocumentName } from "./json_document.ts";
import { isIndexMediaType, isManifestMediaType, isSchema1MediaType } from "./media_type.ts";
import { quote } from "./quote.ts";

/** What a document is read as. */
export type DocumentType = "manifest" | "index";

const headSchema = v.object({
  schemaVersion: v.nullish(v.unknown()),
  mediaType: v.nullish(v.string()),
  manifests: v.nullish(v.unknown()),
  config: v.nullish(v.unknown()),
  layers: v.nullish(v.unknown()),
  fsLayers: v.nullish(v.unknown()),
});

/**
 * Throws unless `value` is a document of the wanted type and nothing else. `declared` is the type
 * by which its descriptor names it, empty where it has no descriptor.
 *
 * Throws `ImageError` `CORRUPT` for a mixed document or types that contradict each other, and
 * `UNSUPPORTED` for Docker's schema 1.
 */
export function checkDocumentType(
  value: unknown,
  wanted: DocumentType,
  declared: string,
  document: DocumentName,
): void {
  const head = checkDocument(headSchema, value, document);
  const mediaType = head.mediaType ?? "";
  const oldVersion = head.schemaVersion === 1;
  if (oldVersion || head.fsLayers != null || isSchema1MediaType(mediaType)) {
    throw new ImageError(
      "UNSUPPORTED",
      `Cannot read ${describe(document)}: it is a Docker manifest of schema 1, expected schema 2 ` +
        "or OCI",
    );
  }
  if (head.schemaVersion !== 2) {
    throw new ImageError(
      "CORRUPT",
      `Cannot read ${describe(document)}: field schemaVersion is ${quote(head.schemaVersion)}, ` +
        "expected 2",
    );
  }
  if (head.manifests != null && (head.layers != null || head.config != null)) {
    throw new ImageError(
      "CORRUPT",
      `Cannot read ${describe(document)}: it has manifests beside layers or config, expected ` +
        "either an index or a manifest",
    );
  }
  const fits = wanted === "index" ? isIndexMediaType : isManifestMediaType;
  if (mediaType !== "" && (!fits(mediaType) || (declared !== "" && declared !== mediaType))) {
    throw new ImageError(
      "CORRUPT",
      `Cannot read ${describe(document)}: its mediaType is ${quote(mediaType)}, expected ` +
        (declared === "" ? `that of an image ${wanted}` : quote(declared)),
    );
  }
}
