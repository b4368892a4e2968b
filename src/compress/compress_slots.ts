/**
 * Blocks on their way between the main thread and the workers: slots in shared memory. Each holds
 * a block and, when some worker is done with it, what it became. Both sides wait by `Atomics`, so
 * nothing depends on an event loop.
 *
 * Block number n stands in slot n modulo their count. Workers claim blocks in order.
 *
 * @module
 */

// The header, in 32-bit words.
/** Blocks that were submitted. */
const SUBMITTED = 0;
/** Blocks that some thread has claimed. */
const CLAIMED = 1;
/** 1 when nothing will be submitted any more. */
const IS_CLOSED = 2;
const HEADER_WORDS = 4;

// The words of a slot.
const STATE = 0;
const INPUT_SIZE = 1;
/** Bytes of the result; 0 where it would not be smaller. */
const OUTPUT_SIZE = 2;
const SLOT_WORDS = 4;

/** What stands in a slot. */
export const SlotState = { filled: 0, done: 1, failed: 2 } as const;
/** One of the values of {@linkcode SlotState}. */
export type SlotState = typeof SlotState[keyof typeof SlotState];

/** How a ring of slots is laid out; plain data, for sending to a worker. */
export interface SlotMemory {
  /** The memory. */
  readonly memory: SharedArrayBuffer;
  /** How many slots. */
  readonly slotCount: number;
  /** Most bytes of a block. */
  readonly blockSize: number;
}

/** Memory for `slotCount` blocks of at most `blockSize` bytes. */
export function allocateSlots(slotCount: number, blockSize: number): SlotMemory {
  const words = HEADER_WORDS + SLOT_WORDS * slotCount;
  const memory = new SharedArrayBuffer(4 * words + 2 * blockSize * slotCount);
  return { memory, slotCount, blockSize };
}

/** The slots as either side sees them. */
export class CompressSlots {
  readonly #words: Int32Array;
  readonly #inputs: Uint8Array<SharedArrayBuffer>[] = [];
  readonly #outputs: Uint8Array<SharedArrayBuffer>[] = [];
  /** How many slots. */
  readonly slotCount: number;

  /** A view of memory that {@linkcode allocateSlots} made. */
  constructor({ memory, slotCount, blockSize }: SlotMemory) {
    const wordCount = HEADER_WORDS + SLOT_WORDS * slotCount;
    this.slotCount = slotCount;
    this.#words = new Int32Array(memory, 0, wordCount);
    for (let i = 0; i < slotCount; i++) {
      const at = 4 * wordCount + 2 * blockSize * i;
      this.#inputs.push(new Uint8Array(memory, at, blockSize));
      this.#outputs.push(new Uint8Array(memory, at + blockSize, blockSize));
    }
  }

  /** Room for block `number`, to be filled before it is submitted. */
  room(number: number): Uint8Array<SharedArrayBuffer> {
    return this.#inputs[number % this.slotCount];
  }

  /** Block `number` as it was submitted. */
  input(number: number): Uint8Array<SharedArrayBuffer> {
    const size = this.#words[this.#wordOf(number, INPUT_SIZE)];
    return this.#inputs[number % this.slotCount].subarray(0, size);
  }

  /** What block `number` became, `null` where that would not be smaller. */
  output(number: number): Uint8Array<SharedArrayBuffer> | null {
    const size = this.#words[this.#wordOf(number, OUTPUT_SIZE)];
    return size === 0 ? null : this.#outputs[number % this.slotCount].subarray(0, size);
  }

  /** Room for what block `number` becomes: one byte less than it has. */
  outputRoom(number: number): Uint8Array<SharedArrayBuffer> {
    const size = this.#words[this.#wordOf(number, INPUT_SIZE)];
    return this.#outputs[number % this.slotCount].subarray(0, size - 1);
  }

  /** Main thread: block `number`, of `size` bytes, is in its room. */
  submit(number: number, size: number): void {
    const words = this.#words;
    words[this.#wordOf(number, INPUT_SIZE)] = size;
    Atomics.store(words, this.#wordOf(number, STATE), SlotState.filled);
    Atomics.store(words, SUBMITTED, number + 1);
    Atomics.notify(words, SUBMITTED, 1);
  }

  /** Claims the next block, waiting for one; `null` when there will be none. */
  claim(): number | null {
    const words = this.#words;
    for (;;) {
      const submitted = Atomics.load(words, SUBMITTED);
      const next = Atomics.load(words, CLAIMED);
      if (next < submitted) {
        if (Atomics.compareExchange(words, CLAIMED, next, next + 1) === next) return next;
      } else if (Atomics.load(words, IS_CLOSED) === 1) return null;
      else Atomics.wait(words, SUBMITTED, submitted);
    }
  }

  /** Claims block `number`; `false` where a worker has it already. */
  claimIfFree(number: number): boolean {
    return Atomics.compareExchange(this.#words, CLAIMED, number, number + 1) === number;
  }

  /** A claimed block became `outputSize` bytes, or 0, or could not be compressed. */
  complete(number: number, outputSize: number, state: SlotState): void {
    this.#words[this.#wordOf(number, OUTPUT_SIZE)] = outputSize;
    const word = this.#wordOf(number, STATE);
    Atomics.store(this.#words, word, state);
    Atomics.notify(this.#words, word);
  }

  /** What is in the slot of block `number`. */
  stateOf(number: number): SlotState {
    return Atomics.load(this.#words, this.#wordOf(number, STATE)) as SlotState;
  }

  /** Waits until a claimed block is complete, at most so long. Answers its state. */
  waitFor(number: number, milliseconds: number): SlotState {
    Atomics.wait(this.#words, this.#wordOf(number, STATE), SlotState.filled, milliseconds);
    return this.stateOf(number);
  }

  /** Nothing will be submitted any more: workers end. */
  close(): void {
    Atomics.store(this.#words, IS_CLOSED, 1);
    // A value that no worker waits at, or one would miss the notice and sleep on.
    Atomics.store(this.#words, SUBMITTED, -1);
    Atomics.notify(this.#words, SUBMITTED);
  }

  #wordOf(number: number, field: number): number {
    return HEADER_WORDS + SLOT_WORDS * (number % this.slotCount) + field;
  }
}
