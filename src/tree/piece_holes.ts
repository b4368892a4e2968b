/**
 * Holes inside a piece of a file that was read at once.
 *
 * @module
 */
import type { ContentReader } from "./content_reader.ts";

/** Holes begin at a multiple of this in the file: it divides the blocks of most formats. */
const STEP_SIZE = 1024;

/** Where the parts of a piece go. */
export interface PieceReceiver {
  /** The next bytes. */
  write(bytes: Uint8Array): void;
  /** The next `byteCount` bytes are a hole. */
  skip(byteCount: number): void;
}

/**
 * Gives `piece`, the bytes of `content` from `position`, to `receiver`, holes as holes. A reader
 * tells where data begins, not where it ends: so where zeros are read, it is asked once more.
 *
 * Answers how many bytes were given: a hole that goes on behind the piece is left to the caller, so
 * that it is given as one.
 */
export function givePiece<C>(
  reader: ContentReader<C>,
  content: C,
  piece: Uint8Array,
  position: number,
  receiver: PieceReceiver,
): number {
  let given = 0;
  // The piece begins with data; what is cut off at either end is not worth a question.
  let at = (STEP_SIZE - position % STEP_SIZE) % STEP_SIZE;
  while (at + STEP_SIZE <= piece.length) {
    if (piece[at] !== 0 || !isZero(piece, at)) {
      at += STEP_SIZE;
      continue;
    }
    const data = reader.seekData(content, position + at) - position;
    if (data <= at) {
      at += STEP_SIZE;
      continue;
    }
    if (at > given) receiver.write(piece.subarray(given, at));
    if (data >= piece.length) return at;
    receiver.skip(data - at);
    given = data;
    at = Math.ceil((position + data) / STEP_SIZE) * STEP_SIZE - position;
  }
  if (given < piece.length) receiver.write(piece.subarray(given));
  return piece.length;
}

function isZero(bytes: Uint8Array, start: number): boolean {
  for (let i = start; i < start + STEP_SIZE; i++) if (bytes[i] !== 0) return false;
  return true;
}
