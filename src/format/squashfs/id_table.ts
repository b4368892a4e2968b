/**
 * The table of owners and groups: inodes name an id by its place in it.
 *
 * @module
 */
import { type ByteString, displayByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";

/** Bytes of an id. */
export const ID_SIZE = 4;
/** Most ids: their count has 16 bits. */
const IDS_MAX = 65535;

/** Ids in the order in which they came up. */
export class IdTable {
  readonly #indexes = new Map<number, number>();

  /** How many ids. */
  get count(): number {
    return this.#indexes.size;
  }

  /** The ids. */
  ids(): Iterable<number> {
    return this.#indexes.keys();
  }

  /** The place of an id. Throws `ImageError` `UNSUPPORTED` where the table is full. */
  indexOf(id: number, path: ByteString): number {
    const known = this.#indexes.get(id);
    if (known !== undefined) return known;
    const index = this.#indexes.size;
    if (index === IDS_MAX) {
      const shown = displayByteString(path);
      throw new ImageError(
        "UNSUPPORTED",
        `Cannot write owner ${id} of "${shown}" to squashfs: it is one more than ${IDS_MAX} ` +
          `different owners and groups, expected at most that`,
        { where: { path: shown } },
      );
    }
    this.#indexes.set(id, index);
    return index;
  }
}
