/**
 * How much of a blob's file is there while it is still being downloaded: a counter in shared memory,
 * so that a worker can decode the first bytes before the last have come.
 *
 * @module
 */

// The counter, in 32-bit words.
/** Whole KiB that are in the file; that many reach to 2 TiB, what is beyond waits for the end. */
const ARRIVED_KIB = 0;
const STATE = 1;
/** Changes whenever a reader may have something to do. */
const SIGNAL = 2;
const WORD_COUNT = 3;

/** What has become of the download. */
const State = { growing: 0, complete: 1, failed: 2 } as const;
const MOST_KIB = 0x7fff_ffff;
const LONGEST_INTERVAL_MILLISECONDS = 0x7fff_ffff;

/** Memory for the counter of one blob: nothing is there yet. */
export function allocateArrival(): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * WORD_COUNT);
}

/** The side that downloads. */
export class ArrivalWriter {
  readonly #words: Int32Array;

  /** Counts in memory made by {@linkcode allocateArrival}. */
  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  /** The first `byteCount` bytes of the blob are in its file. */
  advance(byteCount: number): void {
    Atomics.store(this.#words, ARRIVED_KIB, Math.min(MOST_KIB, Math.floor(byteCount / 1024)));
    this.#signal();
  }

  /** The whole blob is in its file. */
  complete(): void {
    this.#settle(State.complete);
  }

  /** The rest will not come. Without effect once the blob is complete. */
  fail(): void {
    this.#settle(State.failed);
  }

  #settle(state: number): void {
    Atomics.compareExchange(this.#words, STATE, State.growing, state);
    this.#signal();
  }

  #signal(): void {
    Atomics.add(this.#words, SIGNAL, 1);
    Atomics.notify(this.#words, SIGNAL);
  }
}

/** The side that reads the file. */
export class ArrivalReader {
  readonly #words: Int32Array;

  /** Watches memory made by {@linkcode allocateArrival}. */
  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  /** The rest of the blob will not come. */
  get isFailed(): boolean {
    return Atomics.load(this.#words, STATE) === State.failed;
  }

  /** Whether the first `byteCount` bytes are in the file. */
  has(byteCount: number): boolean {
    return Atomics.load(this.#words, STATE) === State.complete ||
      Atomics.load(this.#words, ARRIVED_KIB) * 1024 >= byteCount;
  }

  /** Resolves when the first `byteCount` bytes are there, or the rest will not come. */
  async arrival(byteCount: number): Promise<void> {
    // Such a wait alone does not keep the event loop going, and with it the program.
    const alive = setInterval(() => {}, LONGEST_INTERVAL_MILLISECONDS);
    try {
      for (;;) {
        const signal = Atomics.load(this.#words, SIGNAL);
        if (this.has(byteCount) || this.isFailed) return;
        const wait = Atomics.waitAsync(this.#words, SIGNAL, signal);
        if (wait.async) await wait.value;
      }
    } finally {
      clearInterval(alive);
    }
  }

  /** The same, but holds the thread up; never in the thread that downloads. */
  block(byteCount: number): void {
    for (;;) {
      const signal = Atomics.load(this.#words, SIGNAL);
      if (this.has(byteCount) || this.isFailed) return;
      Atomics.wait(this.#words, SIGNAL, signal);
    }
  }
}
