/**
 * Where bytes come from when they are read at positions: a file, a range of one, or memory.
 *
 * @module
 */

/** Bytes that can be read anywhere. */
export interface ByteSource {
  /** What it is, for messages. */
  readonly name: string;
  /** Its bytes. */
  readonly size: number;
  /**
   * Fills `into` from `position` and answers how many bytes were there: `into.length`, or fewer
   * only at the end.
   */
  read(into: Uint8Array, position: number): number;
  /** Gives the file back. */
  close(): void;
}
