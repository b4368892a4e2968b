/**
 * An image of a container engine whose layers are directories.
 *
 * @module
 */
import type { ParsedConfig } from "../oci/config.ts";
import type { Manifest } from "../oci/manifest.ts";
import type { DirectoryOptions } from "./directory_options.ts";
import type { Image } from "./image.ts";
import type { ImageRequest } from "./open_options.ts";
import { directoryLayer } from "./root_directory.ts";

/** What describes a stored image. */
export interface StoredDescription {
  /** Digest of its manifest or of its configuration. */
  readonly digest: string;
  /** Its configuration. */
  readonly parsed: ParsedConfig;
  /** Its manifest, where the store has it. */
  readonly manifest?: Manifest;
}

/**
 * The image of the layers in `directories`, newest first: all of them are one layer, their overlay,
 * since a file of one may lead to a file of another.
 */
export function storedImage(
  { reference, notices }: ImageRequest,
  { digest, parsed, manifest }: StoredDescription,
  directories: readonly string[],
  options: DirectoryOptions,
): Image {
  return {
    reference,
    digest,
    config: parsed.config,
    platform: parsed.platform,
    layers: directories.length === 0 ? [] : [directoryLayer(directories, "overlay", options)],
    ...(manifest === undefined ? {} : { manifest }),
    annotations: manifest?.annotations ?? {},
    notices,
    close: () => Promise.resolve(),
  };
}
