/**
 * Options of tar archives.
 *
 * @module
 */
import type { OnLoss } from "../loss.ts";
import { parseStreamCompression, type StreamCompression } from "../stream_compression.ts";

/** Options of {@linkcode tar}. */
export interface TarOptions {
  /**
   * Compression of the whole archive: `none`, `gzip`, `zstd`, with a level as `zstd:15` or `gzip:9`.
   *
   * @default {"none"}
   */
  compression?: string;
  /**
   * Leaves the holes of files out (sparse format 1.0 of GNU tar). GNU tar and libarchive restore
   * them; container engines take such members for something else.
   *
   * @default {false}
   */
  sparse?: boolean;
  /**
   * Makes a layer instead of a root filesystem: what the layers of the image delete of a base below
   * them is in it as whiteouts, and directories that only the base describes are left to it.
   *
   * @default {false}
   */
  keepWhiteouts?: boolean;
  /**
   * What becomes of sockets, which no tar can hold.
   *
   * @default {"error"}
   */
  onLoss?: OnLoss;
}

/** Options with everything decided. */
export interface ResolvedTarOptions {
  readonly compression: StreamCompression;
  readonly sparse: boolean;
  readonly keepWhiteouts: boolean;
  readonly onLoss: OnLoss;
}

/** Decides what was left open. Throws `RangeError` for a compression that is not known. */
export function resolveTarOptions(options: TarOptions): ResolvedTarOptions {
  return {
    compression: parseStreamCompression(options.compression ?? "none"),
    sparse: options.sparse ?? false,
    keepWhiteouts: options.keepWhiteouts ?? false,
    onLoss: options.onLoss ?? "error",
  };
}
