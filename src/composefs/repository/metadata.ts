/**
 * `meta.json`: what a repository is, and what a program must know to use it.
 *
 * ```json
 * {
 *   "version": 1,
 *   "algorithm": "fsverity-sha512-12",
 *   "features": {
 *     "compatible": [],
 *     "read-only-compatible": ["v1_erofs"],
 *     "incompatible": []
 *   },
 *   "erofs_formats": { "default": 1 }
 * }
 * ```
 *
 * @module
 */
import * as v from "valibot";
import type { VerityAlgorithm } from "../../fsverity/verity_algorithm.ts";
import { ImageError } from "../../image_error.ts";
import { checkDocument, parseJson } from "../../oci/json_document.ts";
import { quote } from "../../oci/quote.ts";
import { IMAGE_VERSIONS, type ImageVersion } from "../image/image_version.ts";
import { formatAlgorithm, parseAlgorithm } from "./object_id.ts";

/** Name of the file in a repository. */
export const METADATA_NAME = "meta.json";

/** Locks tools out of writing that know version 2 only. */
const V1_FEATURE = "v1_erofs";
const NEWEST_VERSION = 1;

/** What `meta.json` says. */
export interface RepositoryMetadata {
  /** Hash function of all objects. */
  readonly algorithm: VerityAlgorithm;
  /** Versions of the images that are made of a container image; the first is the default. */
  readonly imageVersions: readonly ImageVersion[];
  /** Features that may be ignored. */
  readonly compatible: readonly string[];
  /** Features without which nothing may be written. */
  readonly readOnlyCompatible: readonly string[];
}

const versionSchema = v.picklist(IMAGE_VERSIONS);
const names = v.nullish(v.array(v.string()), () => []);
const metadataSchema = v.object({
  version: v.pipe(v.number(), v.integer(), v.minValue(1)),
  algorithm: v.string(),
  features: v.nullish(v.object({
    compatible: names,
    "read-only-compatible": names,
    incompatible: names,
  })),
  erofs_formats: v.nullish(v.object({
    default: versionSchema,
    extra: v.nullish(v.array(versionSchema), () => []),
  })),
});

/** The metadata of a new repository. */
export function createMetadata(
  algorithm: VerityAlgorithm,
  imageVersions: readonly ImageVersion[],
): RepositoryMetadata {
  return {
    algorithm,
    imageVersions: [...new Set(imageVersions)],
    compatible: [],
    readOnlyCompatible: imageVersions[0] === 1 ? [V1_FEATURE] : [],
  };
}

/**
 * Reads `meta.json`. `name` is its path. Throws `ImageError` `CORRUPT`, and `UNSUPPORTED` for a newer
 * version, an unknown algorithm, or an incompatible feature.
 */
export function parseMetadata(bytes: Uint8Array, name: string): RepositoryMetadata {
  const raw = readDocument(bytes, name);
  if (raw.version > NEWEST_VERSION) {
    throw unsupported(name, `its version is ${raw.version}`, `at most ${NEWEST_VERSION}`);
  }
  const incompatible = raw.features?.incompatible ?? [];
  if (incompatible.length > 0) {
    const list = incompatible.map(quote).join(", ");
    throw unsupported(name, `it has the incompatible features ${list}`, "none");
  }
  const readOnlyCompatible = raw.features?.["read-only-compatible"] ?? [];
  const formats = raw.erofs_formats;
  const preset: ImageVersion = readOnlyCompatible.includes(V1_FEATURE) ? 1 : 2;
  return {
    algorithm: parseAlgorithm(raw.algorithm),
    imageVersions: formats ? [...new Set([formats.default, ...formats.extra])] : [preset],
    compatible: raw.features?.compatible ?? [],
    readOnlyCompatible,
  };
}

function readDocument(bytes: Uint8Array, name: string) {
  const document = { kind: "repository metadata", name };
  try {
    return checkDocument(metadataSchema, parseJson(bytes, document), document);
  } catch (error) {
    throw error instanceof ImageError ? error.at({ source: name }) : error;
  }
}

/** The features without which nothing may be written and which are not known here. */
export function unknownFeatures(metadata: RepositoryMetadata): readonly string[] {
  return metadata.readOnlyCompatible.filter((name) => name !== V1_FEATURE);
}

/** The text of `meta.json`. */
export function formatMetadata(metadata: RepositoryMetadata): string {
  const [preset, ...extra] = metadata.imageVersions;
  const document = {
    version: NEWEST_VERSION,
    algorithm: formatAlgorithm(metadata.algorithm),
    features: {
      compatible: metadata.compatible,
      "read-only-compatible": metadata.readOnlyCompatible,
      incompatible: [],
    },
    erofs_formats: { default: preset, ...(extra.length > 0 ? { extra } : {}) },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** Whether two repositories were made alike. */
export function isSameMetadata(a: RepositoryMetadata, b: RepositoryMetadata): boolean {
  return a.algorithm === b.algorithm &&
    a.imageVersions.join() === b.imageVersions.join() &&
    a.readOnlyCompatible.toSorted().join() === b.readOnlyCompatible.toSorted().join();
}

function unsupported(name: string, observed: string, expected: string): ImageError {
  return new ImageError(
    "UNSUPPORTED",
    `Cannot open repository metadata ${quote(name)}: ${observed}, expected ${expected}`,
    { where: { source: name } },
  );
}
