/**
 * Asking again after a failure that may pass: exponential backoff with jitter.
 *
 * @module
 */
import { RegistryError } from "./registry_error.ts";
import type { RegistryTiming } from "./timing.ts";

/** Repetitions for a server that was never reached: its name may be misspelt. */
const UNREACHABLE_RETRY_LIMIT = 2;

/** Counts the failures in a row of one request and waits between the tries. */
export class Retry {
  readonly #timing: RegistryTiming;
  readonly #limit: number;
  #failures = 0;
  #isReached = false;

  /** `limit` caps the repetitions; the timing's own when absent. */
  constructor(timing: RegistryTiming, limit: number = timing.retryLimit) {
    this.#timing = timing;
    this.#limit = limit;
  }

  /** Something worthwhile came: what failed before counts no more. */
  reset(): void {
    this.#failures = 0;
  }

  /** The server has answered: where it cannot be reached later, the network is to blame. */
  reached(): void {
    this.#isReached = true;
  }

  /**
   * Waits before the next try. Throws `error` itself where another try is pointless, and the
   * signal's reason when cancelled. Answers the milliseconds that it waited.
   */
  async pause(error: unknown, signal?: AbortSignal): Promise<number> {
    const delay = this.#delayAfter(error);
    if (delay === null) throw error;
    this.#failures++;
    await sleep(delay, signal);
    return delay;
  }

  #delayAfter(error: unknown): number | null {
    if (!(error instanceof RegistryError) || !error.isTemporary) return null;
    this.#isReached ||= !error.isUnreachable;
    const limit = this.#isReached ? this.#limit : Math.min(this.#limit, UNREACHABLE_RETRY_LIMIT);
    if (this.#failures >= limit) return null;
    const { retryDelayMilliseconds, longestDelayMilliseconds } = this.#timing;
    const asked = error.retryAfterMilliseconds ?? 0;
    if (asked > longestDelayMilliseconds) return null;
    const backoff = Math.min(
      retryDelayMilliseconds * 2 ** this.#failures,
      longestDelayMilliseconds,
    );
    // Half of it is chance, so that many clients do not come back in one moment.
    return Math.max(asked, backoff * (0.5 + Math.random() / 2));
  }
}

function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
