/**
 * Image indexes (image-spec `image-index.md`) and Docker manifest lists.
 *
 * @module
 */
import * as v from "valibot";
import { type Descriptor, descriptorSchema } from "./descriptor.ts";
import { checkDocumentType } from "./document_type.ts";
import { optionalTextMap } from "./fields.ts";
import { checkDocument, parseJson } from "./json_document.ts";

/** A list of manifests: the platforms of one image, or the images of one layout. */
export interface ImageIndex {
  /** Manifests and nested indexes. */
  readonly manifests: readonly Descriptor[];
  /** Free notes. */
  readonly annotations: Readonly<Record<string, string>>;
}

const indexSchema = v.object({
  manifests: v.nullish(v.array(descriptorSchema), () => []),
  annotations: optionalTextMap,
});

/**
 * Reads an index. `name` is its digest or file name; `mediaType` what its descriptor says it is,
 * empty where it has none.
 *
 * Throws `ImageError` `CORRUPT`, `UNSUPPORTED` or `LIMIT_EXCEEDED`.
 */
export function parseIndex(bytes: Uint8Array, name: string, mediaType: string): ImageIndex {
  const document = { kind: "image index", name };
  const value = parseJson(bytes, document);
  checkDocumentType(value, "index", mediaType, document);
  return checkDocument(indexSchema, value, document);
}
