/**
 * A clock for tests of work that goes by turns.
 *
 * @module
 */

/** Runs `work` with a clock by which every step takes a second: each of them ends a turn. */
export async function withSlowClock(work: () => Promise<void>): Promise<void> {
  const { now } = performance;
  let milliseconds = 0;
  performance.now = () => milliseconds += 1000;
  try {
    await work();
  } finally {
    performance.now = now;
  }
}
