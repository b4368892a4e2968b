/**
 * Long work in pieces, between which signals get their turn.
 *
 * @module
 */
import { setImmediate } from "node:timers/promises";

/** Bytes after which others get their turn: some hundredths of a second. */
const TURN_BYTES = 32 * 1024 * 1024;

/**
 * Calls `work` for each of `pieces`, which have `pieceBytes` bytes or so. Rejects with the reason of
 * `signal` when it is aborted.
 */
export async function takeTurns<T>(
  pieces: Iterable<T>,
  pieceBytes: number,
  signal: AbortSignal | undefined,
  work: (piece: T) => void,
): Promise<void> {
  let bytes = 0;
  for (const piece of pieces) {
    work(piece);
    bytes += pieceBytes;
    if (bytes < TURN_BYTES) continue;
    bytes = 0;
    await setImmediate();
    signal?.throwIfAborted();
  }
}
