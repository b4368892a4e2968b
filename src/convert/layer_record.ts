/**
 * What is kept of a layer that was read, some 12 bytes for each entry: enough to find out what was
 * placed in vain, and to read the layer again for bytes that were passed over.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../bytes/byte_string.ts";
import { ImageError } from "../image_error.ts";
import type { LayerEntry } from "../layer/layer_entry.ts";
import type { Inode } from "../tree/inode.ts";

/** The entries of one layer, by their place in it. */
export class LayerRecord<C> {
  /** The file of each entry; `null` where it describes none. */
  readonly inodes: (Inode<C> | null)[] = [];
  #pathHashes = new Uint32Array(256);

  /** Takes the next entry in. */
  add({ path, inode }: LayerEntry<C>): void {
    const ordinal = this.inodes.push(inode) - 1;
    if (ordinal === this.#pathHashes.length) {
      const larger = new Uint32Array(2 * ordinal);
      larger.set(this.#pathHashes);
      this.#pathHashes = larger;
    }
    this.#pathHashes[ordinal] = pathHash(path);
  }

  /**
   * The file that stood at `ordinal`, for the entry that is there at a second reading. A directory,
   * unlike a blob, may have changed: throws `ImageError` `IO` then.
   */
  sameInode({ path, inode }: LayerEntry<C>, ordinal: number): Inode<C> | null {
    const before = this.inodes[ordinal];
    if (
      before !== undefined && this.#pathHashes[ordinal] === pathHash(path) &&
      before?.size === inode?.size
    ) {
      return before;
    }
    throw new ImageError(
      "IO",
      `Cannot read "${displayByteString(path)}" again: it was not there or was another when it ` +
        "was read first, expected files that nobody changes",
    );
  }
}

/** FNV-1a. */
function pathHash(path: ByteString): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < path.length; i++) {
    hash = Math.imul(hash ^ path.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}
