/**
 * The bytes of regular files, wherever a tree came from.
 *
 * @module
 */

/**
 * Reads the bytes of files; `C` is what the tree's inodes hold in `content`. Every format's
 * reader is one, and so is a mounted directory or a layer.
 */
export interface ContentReader<C> {
  /**
   * Fills `into` with the bytes from `position` and answers how many there were: `into.length`,
   * or fewer only at the end. Holes read as zeros.
   */
  read(content: C, into: Uint8Array<ArrayBuffer>, position: number): number;
  /**
   * The first position from `position` on that is in no known hole, `Infinity` where nothing but
   * a hole follows. A reader that knows of no holes answers `position`.
   */
  seekData(content: C, position: number): number;
}
