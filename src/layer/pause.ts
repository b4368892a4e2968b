/**
 * Gives other work of this thread its turn: signals, progress, messages of workers.
 *
 * @module
 */
import { setImmediate } from "node:timers/promises";

/** Resolves after the event loop went round once. */
export async function pause(): Promise<void> {
  await setImmediate();
}
