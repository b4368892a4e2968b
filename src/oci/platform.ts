/**
 * Operating system and processor of an image.
 *
 * @module
 */

/** A platform as in OCI index entries (image-spec `image-index.md`, `platform`). */
export interface Platform {
  /** Operating system, as `linux`. */
  readonly os: string;
  /** Processor in Go's names, as `amd64`, `arm64`. */
  readonly architecture: string;
  /** Variant of the processor, as `v7`. */
  readonly variant?: string;
}
