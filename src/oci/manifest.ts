/**
 * Image manifests (image-spec `manifest.md`; Docker schema 2).
 *
 * @module
 */
import * as v from "valibot";
import { type Descriptor, descriptorSchema } from "./descriptor.ts";
import { checkDocumentType } from "./document_type.ts";
import { optionalTextMap } from "./fields.ts";
import { checkDocument, parseJson } from "./json_document.ts";
import { isConfigMediaType, layerMediaType } from "./media_type.ts";

/** The parts of one image for one platform. */
export interface Manifest {
  /** The configuration. */
  readonly config: Descriptor;
  /** The layers, base first. */
  readonly layers: readonly Descriptor[];
  /** Free notes. */
  readonly annotations: Readonly<Record<string, string>>;
}

const manifestSchema = v.object({
  config: descriptorSchema,
  layers: v.nullish(v.array(descriptorSchema), () => []),
  annotations: optionalTextMap,
});

/**
 * Reads a manifest. `name` is its digest; `mediaType` what its descriptor says it is.
 *
 * Throws `ImageError` `CORRUPT`, `UNSUPPORTED` or `LIMIT_EXCEEDED`.
 */
export function parseManifest(bytes: Uint8Array, name: string, mediaType: string): Manifest {
  const document = { kind: "image manifest", name };
  const value = parseJson(bytes, document);
  checkDocumentType(value, "manifest", mediaType, document);
  return checkDocument(manifestSchema, value, document);
}

/**
 * Whether a manifest is of an image. Signatures, charts and other artifacts are stored as manifests
 * too: they have a configuration of another type, or layers none of which is a file system.
 */
export function isImageManifest(manifest: Manifest): boolean {
  if (!isConfigMediaType(manifest.config.mediaType)) return false;
  const { layers } = manifest;
  return layers.length === 0 || layers.some((layer) => layerMediaType(layer.mediaType) !== null);
}
