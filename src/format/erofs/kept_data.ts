/**
 * The data of a file that may be nearly all zeros, kept until that is known. Such a file is better
 * not compressed: the index alone would take more than the little that it holds.
 *
 * @module
 */
import { HOLE_SIZE } from "./file_placement.ts";

/**
 * A file is nearly all zeros if one of so many bytes is to be stored at most: the index of a
 * compressed file takes as much, 8 bytes for each block of 4096.
 */
const SHARE = 512;

/** Pieces of one file in ascending order. */
export class KeptData {
  /** The pieces. */
  readonly pieces: { readonly position: number; readonly bytes: Uint8Array }[] = [];
  #room: number;
  #end = 0;

  /** Begins a file of `size` bytes. */
  constructor(size: number) {
    this.#room = Math.floor(size / SHARE);
  }

  /** Keeps a copy of the bytes at `position`; `false` where it would be too much. */
  keep(position: number, bytes: Uint8Array): boolean {
    const gap = position - this.#end;
    // Few zeros become no hole: they would be stored too.
    this.#room -= gap < HOLE_SIZE ? gap + bytes.length : bytes.length;
    if (this.#room < 0) return false;
    this.pieces.push({ position, bytes: bytes.slice() });
    this.#end = position + bytes.length;
    return true;
  }
}
