/**
 * Compresses blocks in workers and gives the results back in the order of submission. All of it
 * is synchronous for the caller: a full pool makes `submit` wait for its oldest block.
 *
 * @module
 */
import { ImageError } from "../image_error.ts";
import { type BlockCompression, blockCompressor, type CompressBlock } from "./block_codec.ts";
import { allocateSlots, CompressSlots, SlotState } from "./compress_slots.ts";
import type { CompressRequest } from "./compress_worker.ts";

/** Bytes of blocks that may be under way, results not counted. */
const MEMORY_BYTES = 8 * 1024 * 1024;
/** Blocks for each worker that are always allowed, however large they are. */
const LEAST_SLOTS = 4;
const MOST_SLOTS = 256;
/** A worker that takes longer for a block is taken for dead. */
const PATIENCE_MILLISECONDS = 120_000;

/** What became of a block. Both arrays are valid during the call only. */
export type CompressedListener = (
  /** The compressed bytes, `null` where they would not be fewer. */
  compressed: Uint8Array | null,
  /** The block as it was. */
  original: Uint8Array,
) => void;

/** Options of {@linkcode CompressPool}. */
export interface CompressPoolOptions {
  /** How to compress; `null` compresses nothing: every block is given back as it was. */
  readonly compression: BlockCompression | null;
  /** Most bytes of a block. */
  readonly blockSize: number;
  /** Threads to use; 0 compresses in this one. The results are the same. */
  readonly workers: number;
}

/** Compresses blocks; give it back with `close` in every case. */
export class CompressPool {
  readonly #blockSize: number;
  readonly #compress: CompressBlock | null;
  readonly #slots: CompressSlots | null = null;
  readonly #workers: Worker[] = [];
  readonly #listeners: CompressedListener[] = [];
  readonly #room: Uint8Array;
  #submitted = 0;
  #delivered = 0;

  /** Starts the workers. */
  constructor({ compression, blockSize, workers }: CompressPoolOptions) {
    this.#blockSize = blockSize;
    this.#compress = compression === null ? null : blockCompressor(compression);
    this.#room = new Uint8Array(blockSize);
    if (workers === 0 || compression === null) return;
    const most = Math.min(MOST_SLOTS, Math.floor(MEMORY_BYTES / blockSize));
    const memory = allocateSlots(Math.max(LEAST_SLOTS * workers, most), blockSize);
    this.#slots = new CompressSlots(memory);
    for (let i = 0; i < workers; i++) {
      const worker = startWorker({ slots: memory, compression });
      if (worker !== null) this.#workers.push(worker);
    }
  }

  /**
   * Takes a block of 1 to `blockSize` bytes; its memory may be reused after the call. `listener` is
   * called once, in a later call of `submit` or `drain` or in this one, after the listeners of all
   * earlier blocks. Throws `ImageError` `IO` where a worker died.
   */
  submit(block: Uint8Array, listener: CompressedListener): void {
    if (block.length === 0 || block.length > this.#blockSize) {
      throw new RangeError(`block has ${block.length} bytes, expected 1 to ${this.#blockSize}`);
    }
    const slots = this.#slots;
    if (slots === null) return this.#compressHere(block, listener);
    while (this.#submitted - this.#delivered === slots.slotCount) this.#deliver(slots);
    slots.room(this.#submitted).set(block);
    this.#listeners[this.#submitted % slots.slotCount] = listener;
    slots.submit(this.#submitted++, block.length);
    while (
      this.#delivered < this.#submitted && slots.stateOf(this.#delivered) !== SlotState.filled
    ) this.#deliver(slots);
  }

  /** Waits for all blocks that were submitted, and calls their listeners. */
  drain(): void {
    for (const _ of this.drainSteps());
  }

  /** {@linkcode CompressPool.drain} with a pause behind each block. */
  *drainSteps(): Generator<void> {
    while (this.#slots !== null && this.#delivered < this.#submitted) {
      this.#deliver(this.#slots);
      yield;
    }
  }

  /** Ends the workers; blocks that are under way are lost. */
  close(): void {
    this.#slots?.close();
    for (const worker of this.#workers) worker.terminate();
    this.#workers.length = 0;
  }

  #compressHere(block: Uint8Array, listener: CompressedListener): void {
    // One byte less than the block has, so that a result is always smaller.
    const size = this.#compress?.(block, this.#room.subarray(0, block.length - 1)) ?? 0;
    listener(size === 0 ? null : this.#room.subarray(0, size), block);
  }

  /** Hands the oldest block over; compresses it here where no worker has begun with it. */
  #deliver(slots: CompressSlots): void {
    const number = this.#delivered;
    let state = slots.stateOf(number);
    if (state === SlotState.filled) {
      if (slots.claimIfFree(number)) {
        const size = this.#compress!(slots.input(number), slots.outputRoom(number));
        slots.complete(number, size, SlotState.done);
        state = SlotState.done;
      } else state = slots.waitFor(number, PATIENCE_MILLISECONDS);
    }
    if (state !== SlotState.done) {
      const observed = state === SlotState.failed ? "failed" : "does not answer";
      throw new ImageError(
        "IO",
        `Cannot compress block: the worker ${observed}, expected it to go on`,
      );
    }
    this.#delivered++;
    const index = number % slots.slotCount;
    this.#listeners[index](slots.output(number), slots.input(number));
  }
}

function startWorker(request: CompressRequest): Worker | null {
  try {
    const worker = new Worker(new URL("./compress_worker.ts", import.meta.url), { type: "module" });
    // Without this an error would end the whole program. Its blocks are missed in time.
    worker.onerror = (event) => event.preventDefault();
    worker.postMessage(request);
    return worker;
  } catch {
    return null; // Where there are no workers, this thread compresses.
  }
}
