/**
 * The inodes of an image by their numbers, in pieces that are made when they are needed: numbers
 * mostly follow each other, and a map would take three times the room.
 *
 * @module
 */

/** Numbers in a piece: few, so that a number far from all others does not take much. */
const PIECE_SIZE = 64;
const NONE = -1;

interface Piece<T> {
  readonly references: Float64Array;
  inodes: (T | undefined)[];
}

/** References of inodes by number, and the inodes while a tree is read. */
export class InodeReferences<T> {
  readonly #pieces = new Map<number, Piece<T>>();

  /** Notes the inode of a number. */
  set(number: number, reference: number, inode: T): void {
    const index = Math.floor(number / PIECE_SIZE);
    let piece = this.#pieces.get(index);
    if (piece === undefined) {
      piece = { references: new Float64Array(PIECE_SIZE).fill(NONE), inodes: [] };
      this.#pieces.set(index, piece);
    }
    piece.references[number % PIECE_SIZE] = reference;
    piece.inodes[number % PIECE_SIZE] = inode;
  }

  /** The reference of the inode of that number, `null` where there is none. */
  reference(number: number): number | null {
    const reference = this.#pieces.get(Math.floor(number / PIECE_SIZE))
      ?.references[number % PIECE_SIZE] ?? NONE;
    return reference === NONE ? null : reference;
  }

  /** The inode of a number that was noted. */
  inode(number: number): T {
    return this.#pieces.get(Math.floor(number / PIECE_SIZE))!.inodes[number % PIECE_SIZE]!;
  }

  /** Forgets the inodes, not their references. */
  forgetInodes(): void {
    for (const piece of this.#pieces.values()) piece.inodes = [];
  }

  /** Number and reference of every inode. */
  *entries(): Generator<[number: number, reference: number]> {
    for (const [index, { references }] of this.#pieces) {
      for (let i = 0; i < PIECE_SIZE; i++) {
        if (references[i] !== NONE) yield [index * PIECE_SIZE + i, references[i]];
      }
    }
  }
}
