/**
 * An image, wherever it came from: a configuration and its layers, base first.
 *
 * @module
 */
import type { Layer } from "../layer/layer.ts";
import type { Notice } from "../notice.ts";
import type { ImageConfig } from "../oci/config.ts";
import type { Manifest } from "../oci/manifest.ts";
import type { Platform } from "../oci/platform.ts";

/** The documents that describe an image, byte for byte as they were verified. */
export interface ImageDocuments {
  /** The manifest; absent where the source has none. */
  readonly manifest?: Uint8Array;
  /** The configuration. */
  readonly config: Uint8Array;
}

/** An opened image. Its layers are not read yet. */
export interface Image {
  /** The reference it was opened by, for messages. */
  readonly reference: string;
  /**
   * Digest of the manifest (`sha256:…`), or of the configuration where there is no manifest; `null`
   * where there is neither: then only reading the layers tells what the image is.
   */
  readonly digest: string | null;
  /** The configuration: entrypoint, environment, user, labels…; `null` where the source has none. */
  readonly config: ImageConfig | null;
  /** Operating system and processor it is for; `null` where nothing says so. */
  readonly platform: Platform | null;
  /** Layers, base first. */
  readonly layers: readonly Layer[];
  /** It is no image of a container: its layers are blobs of any kind. */
  readonly isArtifact?: boolean;
  /** The manifest; absent where the source has none. */
  readonly manifest?: Manifest;
  /** Manifest and configuration as they were read; absent where the source has no such bytes. */
  readonly documents?: ImageDocuments;
  /** Annotations of the manifest. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Remarks that came up while it was opened. */
  readonly notices: readonly Notice[];
  /**
   * When it says that it was made, seconds since 1970, where it has no configuration to say so;
   * absent or `null` where it does not say.
   */
  readonly createdSeconds?: number | null;
  /** Gives temporary files back (a compressed archive is spooled to one). */
  close(): Promise<void>;
}
