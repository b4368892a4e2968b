/**
 * What opening an image of a registry takes beside what all sources take.
 *
 * @module
 */
import type { DirectoryOptions } from "../directory_options.ts";
import type { OpenOptions } from "../open_options.ts";
import type { RegistryOptions } from "../registry/options.ts";
import type { StoreOptions } from "../store_options.ts";
import type { DownloadListener } from "./download_progress.ts";

/** Options of `openImage` that concern registries. */
export interface RemoteOptions {
  /** How to talk to registries: logins, certificates, mirrors. */
  readonly registry?: RegistryOptions;
  /**
   * Directory of the blob cache; `null` keeps nothing beyond the life of the image.
   *
   * @default `$XDG_CACHE_HOME/oci2rootfs`, else `$HOME/.cache/oci2rootfs`, else `null`
   */
  readonly cache?: string | null;
  /**
   * Bytes that the cache may have when the image is closed; what was not used for the longest time
   * goes first.
   *
   * @default {10737418240}
   */
  readonly cacheBytes?: number;
  /**
   * Take everything from the cache and do no network at all.
   *
   * @default {false}
   */
  readonly offline?: boolean;
  /**
   * Blobs that are downloaded at a time.
   *
   * @default {4}
   */
  readonly jobs?: number;
  /**
   * Load non-distributable layers from the addresses in the manifest, where the registry has none.
   *
   * @default {false}
   */
  readonly allowForeignUrls?: boolean;
  /** Hears how far downloads are. */
  readonly onProgress?: DownloadListener;
}

/** Options of `openImage`: of all sources, of registries, of directories, and of engines' stores. */
export interface ImageOptions extends OpenOptions, RemoteOptions, DirectoryOptions, StoreOptions {}
