/**
 * Options of dump files.
 *
 * @module
 */

/** Options of {@linkcode dump}. */
export interface DumpOptions {
  /**
   * Says of every file with content its SHA-256.
   *
   * @default {false}
   */
  digests?: boolean;
}
