/**
 * How far downloads are.
 *
 * @module
 */

/** A blob is being downloaded, or is there. */
export interface DownloadProgress {
  /** What kind of event. */
  readonly kind: "download";
  /** Digest of the blob. */
  readonly digest: string;
  /** Bytes of the blob. */
  readonly size: number;
  /** Bytes that are there, those of earlier runs included. */
  readonly receivedBytes: number;
  /** Whether it is complete and verified. */
  readonly done: boolean;
}

/** Receives events as downloads go on, several times a second at most for each blob. */
export type DownloadListener = (event: DownloadProgress) => void;
