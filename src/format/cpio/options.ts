/**
 * Options of cpio archives.
 *
 * @module
 */
import type { OnLoss } from "../loss.ts";

/** Options of {@linkcode cpio}. */
export interface CpioOptions {
  /**
   * Compression of the whole archive: `none`, `gzip`, `zstd`, with a level as `zstd:15` or `gzip:9`.
   *
   * @default {"none"}
   */
  compression?: string;
  /**
   * What becomes of extended attributes, and of times before 1970 and after 2106, none of which the
   * format has.
   *
   * @default {"error"}
   */
  onLoss?: OnLoss;
}
