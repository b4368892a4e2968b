/**
 * What opening an image takes whose files are there one by one, beside what all sources take.
 *
 * @module
 */

/** Options of `openImage` that concern directories. */
export interface DirectoryOptions {
  /**
   * Reads directories in which another filesystem is mounted as empty.
   *
   * @default {false}
   */
  readonly oneFileSystem?: boolean;
  /**
   * Keeps `security.selinux`, the label that the policy of this machine gave to a file.
   *
   * @default {false}
   */
  readonly keepHostLabels?: boolean;
}
