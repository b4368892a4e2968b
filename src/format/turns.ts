/**
 * The pace of long work, as a check or the metadata of an image: it goes step by step, and others
 * (signals, progress) get their turn in between.
 *
 * @module
 */

/** Milliseconds after which others get their turn. */
const TURN_MILLISECONDS = 50;

/** Takes all steps at once. */
export function takeSteps(steps: Iterator<void>): void {
  while (steps.next().done !== true);
}

/** Takes all steps, by turns; rejects with the reason of `signal` once it was given. */
export async function takeTurns(
  steps: Iterator<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  let turnEnd = performance.now() + TURN_MILLISECONDS;
  while (steps.next().done !== true) {
    if (performance.now() < turnEnd) continue;
    await new Promise((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
    turnEnd = performance.now() + TURN_MILLISECONDS;
  }
}
