/**
 * Media types of image parts (image-spec `media-types.md`; Docker image manifest version 2,
 * schema 2). These are lists of what is allowed: a type that is not here is refused, never guessed.
 *
 * @module
 */

/** What the media type of a layer says. */
export interface LayerMediaType {
  /** How the blob is compressed. */
  readonly compression: "none" | "gzip" | "zstd";
  /** `true` where the blob may be kept elsewhere ("foreign", "non-distributable"). */
  readonly foreign: boolean;
}

/** Media type of an OCI image index. */
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
/** Media type of an OCI image manifest. */
export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
/** Media type of an OCI image configuration. */
export const OCI_CONFIG = "application/vnd.oci.image.config.v1+json";
/** Media type of a Docker manifest list. */
export const DOCKER_MANIFEST_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
/** Media type of a Docker image manifest, schema 2. */
export const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
/** Media type of a Docker image configuration. */
export const DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json";

const INDEXES: ReadonlySet<string> = new Set([OCI_INDEX, DOCKER_MANIFEST_LIST]);
const MANIFESTS: ReadonlySet<string> = new Set([OCI_MANIFEST, DOCKER_MANIFEST]);

const SCHEMA_1_MANIFESTS: ReadonlySet<string> = new Set([
  "application/vnd.docker.distribution.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v1+prettyjws",
]);

// Early Docker clients pushed configurations without a type of their own; both of the last two
// mean "an image".
const CONFIGS: ReadonlySet<string> = new Set([
  OCI_CONFIG,
  DOCKER_CONFIG,
  "application/octet-stream",
  "",
]);

const OCI_LAYER = "application/vnd.oci.image.layer.v1.tar";
const OCI_FOREIGN_LAYER = "application/vnd.oci.image.layer.nondistributable.v1.tar";
const DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar";
const DOCKER_FOREIGN_LAYER = "application/vnd.docker.image.rootfs.foreign.diff.tar";

// The OCI suffixes are `+gzip` and `+zstd`; Docker's are `.gzip` and, unregistered but written by
// several builders, `.zstd`.
const LAYERS: ReadonlyMap<string, LayerMediaType> = new Map([
  [OCI_LAYER, { compression: "none", foreign: false }],
  [`${OCI_LAYER}+gzip`, { compression: "gzip", foreign: false }],
  [`${OCI_LAYER}+zstd`, { compression: "zstd", foreign: false }],
  [OCI_FOREIGN_LAYER, { compression: "none", foreign: true }],
  [`${OCI_FOREIGN_LAYER}+gzip`, { compression: "gzip", foreign: true }],
  [`${OCI_FOREIGN_LAYER}+zstd`, { compression: "zstd", foreign: true }],
  [DOCKER_LAYER, { compression: "none", foreign: false }],
  [`${DOCKER_LAYER}.gzip`, { compression: "gzip", foreign: false }],
  [`${DOCKER_LAYER}.zstd`, { compression: "zstd", foreign: false }],
  [DOCKER_FOREIGN_LAYER, { compression: "none", foreign: true }],
  [`${DOCKER_FOREIGN_LAYER}.gzip`, { compression: "gzip", foreign: true }],
  [`${DOCKER_FOREIGN_LAYER}.zstd`, { compression: "zstd", foreign: true }],
]);

/** Whether it is an image index or a manifest list. */
export function isIndexMediaType(mediaType: string): boolean {
  return INDEXES.has(mediaType);
}

/** Whether it is an image manifest (OCI, or Docker schema 2). */
export function isManifestMediaType(mediaType: string): boolean {
  return MANIFESTS.has(mediaType);
}

/** Whether it is a Docker manifest of schema 1, which is not supported. */
export function isSchema1MediaType(mediaType: string): boolean {
  return SCHEMA_1_MANIFESTS.has(mediaType);
}

/** Whether it is the configuration of an image, not of some other artifact. */
export function isConfigMediaType(mediaType: string): boolean {
  return CONFIGS.has(mediaType);
}

/** What a layer's media type says; `null` when it is none that is known. */
export function layerMediaType(mediaType: string): LayerMediaType | null {
  return LAYERS.get(mediaType) ?? null;
}
