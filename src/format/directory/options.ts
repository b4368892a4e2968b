/**
 * Options of directories.
 *
 * @module
 */
import type { OnLoss } from "../loss.ts";

/** Options of {@linkcode directory}. */
export interface DirectoryFormatOptions {
  /**
   * What becomes of what cannot be made here: devices and owners without the rights of root,
   * attributes that the file system does not take.
   *
   * @default an error for root, a report for others
   */
  onLoss?: OnLoss;
  /**
   * Writes owners that cannot be set into the attribute `user.rootlesscontainers`, which tools for
   * containers without root understand.
   *
   * @default {false}
   */
  rootlessXattrs?: boolean;
}
