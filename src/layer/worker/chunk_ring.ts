/**
 * Pieces of a layer on their way from a worker to the main thread: a ring in shared memory, which
 * one side fills and the other empties. It bounds what is in flight.
 *
 * @module
 */
import { CHUNK_SIZE } from "../layer_chunks.ts";

// The header, in 32-bit words. Counts of pieces stay below 2^31: that many are 512 TiB.
const WRITTEN = 0;
const CONSUMED = 1;
const IS_ENDED = 2;
/** Changes whenever the reader may have something to do. */
const SIGNAL = 3;
/** KiB of the blob that were read. */
const READ_KIB = 4;
/** Bytes of the piece in each slot. */
const SIZES = 5;

/** Memory for `slotCount` pieces. */
export function allocateRing(slotCount: number): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * (SIZES + slotCount) + slotCount * CHUNK_SIZE);
}

/** What both sides see of a ring. */
class Ring {
  readonly words: Int32Array;
  readonly #memory: SharedArrayBuffer;
  readonly slotCount: number;

  constructor(memory: SharedArrayBuffer) {
    this.#memory = memory;
    this.slotCount = Math.floor((memory.byteLength - 4 * SIZES) / (4 + CHUNK_SIZE));
    this.words = new Int32Array(memory, 0, SIZES + this.slotCount);
  }

  /** The memory of piece `index`, counted from the first. */
  piece(index: number, size: number): Uint8Array {
    const slot = index % this.slotCount;
    return new Uint8Array(this.#memory, 4 * this.words.length + slot * CHUNK_SIZE, size);
  }

  sizeAt(index: number): number {
    return SIZES + index % this.slotCount;
  }

  signal(): void {
    Atomics.add(this.words, SIGNAL, 1);
    Atomics.notify(this.words, SIGNAL);
  }
}

/** The side that fills. */
export class RingWriter {
  readonly #ring: Ring;
  #written = 0;

  /** Fills a ring made by {@linkcode allocateRing}. */
  constructor(memory: SharedArrayBuffer) {
    this.#ring = new Ring(memory);
  }

  /** The memory of the next piece, as soon as there is some. */
  async next(): Promise<Uint8Array> {
    const { words, slotCount } = this.#ring;
    for (;;) {
      const consumed = Atomics.load(words, CONSUMED);
      if (this.#written - consumed < slotCount) return this.#ring.piece(this.#written, CHUNK_SIZE);
      const wait = Atomics.waitAsync(words, CONSUMED, consumed);
      if (wait.async) await wait.value;
    }
  }

  /** The piece is complete with `size` bytes; `readBytes` of the blob made all so far. */
  publish(size: number, readBytes: number): void {
    const { words } = this.#ring;
    words[this.#ring.sizeAt(this.#written)] = size;
    Atomics.store(words, READ_KIB, Math.floor(readBytes / 1024));
    Atomics.store(words, WRITTEN, ++this.#written);
    this.#ring.signal();
  }

  /** Nothing more will come. */
  end(): void {
    Atomics.store(this.#ring.words, IS_ENDED, 1);
    this.#ring.signal();
  }
}

/** The side that empties. */
export class RingReader {
  readonly #ring: Ring;
  #taken = 0;
  #wake: (() => void) | null = null;

  /**
   * Empties a ring made by {@linkcode allocateRing}, which may have served before: create this
   * side before the other.
   */
  constructor(memory: SharedArrayBuffer) {
    this.#ring = new Ring(memory);
    this.#ring.words.fill(0);
  }

  /** Bytes of the blob that were read so far, rounded down to 1024. */
  get readBytes(): number {
    return Atomics.load(this.#ring.words, READ_KIB) * 1024;
  }

  /** The next piece, which makes the one before it invalid; `null` where none will come. */
  next(): Uint8Array | null | Promise<Uint8Array | null> {
    const { words } = this.#ring;
    if (this.#taken > 0) {
      Atomics.store(words, CONSUMED, this.#taken);
      Atomics.notify(words, CONSUMED);
    }
    return this.#take() ?? this.#wait();
  }

  /**
   * Wakes a waiting `next`: the other side is gone. Not by a signal: with the other thread dead, the
   * event loop may end before it looks at one.
   */
  abandon(): void {
    Atomics.store(this.#ring.words, IS_ENDED, 1);
    this.#wake?.();
  }

  async #wait(): Promise<Uint8Array | null> {
    const { words } = this.#ring;
    for (;;) {
      const signal = Atomics.load(words, SIGNAL);
      const isEnded = Atomics.load(words, IS_ENDED) === 1;
      const piece = this.#take();
      if (piece !== null || isEnded) return piece;
      const wait = Atomics.waitAsync(words, SIGNAL, signal);
      if (!wait.async) continue;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      wait.value.then(() => resolve());
      await promise;
      this.#wake = null;
    }
  }

  #take(): Uint8Array | null {
    const { words } = this.#ring;
    if (Atomics.load(words, WRITTEN) === this.#taken) return null;
    const size = words[this.#ring.sizeAt(this.#taken)];
    return this.#ring.piece(this.#taken++, size);
  }
}
