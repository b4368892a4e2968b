/**
 * The transfers of one image: several at a time, the newest layer first.
 *
 * @module
 */

/** Something that is brought. */
export interface Transfer {
  /** Brings it; answers the error for which it did not come, `null` when it is there. */
  run(signal: AbortSignal): Promise<unknown>;
  /** It will not come. */
  fail(error: unknown): void;
}

/**
 * Runs transfers, the one that was added last first. The first failure ends all others with the
 * same error, so that whoever waits for any of them hears why.
 */
export class TransferQueue {
  readonly #jobs: number;
  readonly #waiting: Transfer[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #isStarted = false;

  /** Creates a queue that runs `jobs` (at least 1) transfers at a time once it is started. */
  constructor(jobs: number) {
    this.#jobs = jobs;
  }

  /** Adds a transfer. */
  add(transfer: Transfer): void {
    this.#waiting.push(transfer);
    if (this.#isStarted) this.#fill();
  }

  /** Begins, where that has not happened. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#fill();
  }

  /** Ends what is running and what waits with `reason`; resolves when all has ended. */
  async close(reason: unknown): Promise<void> {
    this.#end(reason);
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #fill(): void {
    if (this.#stop.signal.aborted) return this.#failWaiting();
    while (this.#running.size < this.#jobs && this.#waiting.length > 0) {
      const running = this.#run(this.#waiting.pop()!);
      this.#running.add(running);
      running.then(() => {
        this.#running.delete(running);
        this.#fill();
      });
    }
  }

  async #run(transfer: Transfer): Promise<void> {
    const error = await transfer.run(this.#stop.signal);
    if (error !== null) this.#end(error);
  }

  #end(reason: unknown): void {
    if (!this.#stop.signal.aborted) this.#stop.abort(reason);
    this.#failWaiting();
  }

  #failWaiting(): void {
    for (const transfer of this.#waiting.splice(0)) transfer.fail(this.#stop.signal.reason);
  }
}
