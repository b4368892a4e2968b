/**
 * Writes an archive from its first byte to its last, compressed as a whole where that is asked for.
 *
 * @module
 */
import type { ByteSink } from "../io/byte_sink.ts";
import type { Spool, SpooledPiece } from "./spool.ts";
import {
  startCompressor,
  type StreamCompression,
  type StreamCompressor,
} from "./stream_compression.ts";

/** Bytes that go to the sink or the compressor at once. */
const PIECE_SIZE = 256 * 1024;
/** Zeros from here on become a hole of an uncompressed output. */
const SMALLEST_HOLE = 64 * 1024;

/** An output that only grows. Give it back by `close`. */
export class OrderedOutput {
  readonly #sink: ByteSink;
  readonly #compressor: StreamCompressor | null;
  #piece = new Uint8Array(PIECE_SIZE);
  #pieceBytes = 0;
  /** Full pieces that wait for the compressor. */
  #waiting: Uint8Array[] = [];
  /** The sink has bytes that wait for it. */
  #isSinkFull = false;
  #sinkPosition = 0;
  #writtenBytes = 0;
  /** Bytes of the archive so far, uncompressed. */
  position = 0;

  /** Begins at the start of `sink`. */
  constructor(sink: ByteSink, compression: StreamCompression) {
    this.#sink = sink;
    this.#compressor = compression.name === "none"
      ? null
      : startCompressor(compression, (bytes) => this.#store(bytes));
  }

  /** Bytes that went to the sink. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /** `true` when `drain` must be awaited before more is written. */
  get isFull(): boolean {
    return this.#waiting.length > 0 || this.#isSinkFull;
  }

  /** The next bytes; the memory may be reused after the call. */
  write(bytes: Uint8Array): void {
    this.position += bytes.length;
    for (let done = 0; done < bytes.length;) {
      const count = Math.min(bytes.length - done, PIECE_SIZE - this.#pieceBytes);
      this.#piece.set(
        done === 0 && count === bytes.length ? bytes : bytes.subarray(done, done + count),
        this.#pieceBytes,
      );
      this.#pieceBytes += count;
      done += count;
      if (this.#pieceBytes === PIECE_SIZE) this.#passPiece();
    }
  }

  /** The next `byteCount` bytes are zeros. */
  async zeros(byteCount: number): Promise<void> {
    if (this.#compressor === null && byteCount >= SMALLEST_HOLE) {
      this.#passPiece();
      this.#sinkPosition += byteCount;
      this.position += byteCount;
      return;
    }
    const zeros = new Uint8Array(Math.min(byteCount, PIECE_SIZE));
    for (let rest = byteCount; rest > 0; rest -= zeros.length) {
      this.write(rest < zeros.length ? zeros.subarray(0, rest) : zeros);
      if (this.isFull) await this.drain();
    }
  }

  /** Zeros up to a multiple of `unit` (at most a piece). */
  pad(unit: number): void {
    const rest = this.position % unit;
    if (rest > 0) this.write(new Uint8Array(unit - rest));
  }

  /** Pieces of a file, zeros for holes. */
  async copy(spool: Spool, pieces: Iterable<SpooledPiece>): Promise<void> {
    for (const piece of pieces) {
      if (piece.position === null) {
        await this.zeros(piece.size);
        continue;
      }
      for (let done = 0; done < piece.size;) {
        const room = this.#piece.subarray(this.#pieceBytes);
        const into = room.length > piece.size - done ? room.subarray(0, piece.size - done) : room;
        spool.read(into, piece.position + done);
        done += into.length;
        this.#pieceBytes += into.length;
        this.position += into.length;
        if (this.#pieceBytes === PIECE_SIZE) this.#passPiece();
        if (this.isFull) await this.drain();
      }
    }
  }

  /** Waits until the compressor and the sink have taken what waits. */
  async drain(): Promise<void> {
    for (const piece of this.#waiting.splice(0)) await this.#compressor!.write(piece);
    this.#isSinkFull = false;
    await this.#sink.drain?.();
  }

  /** Nothing more comes; answers the bytes of the output. */
  async end(): Promise<number> {
    this.#passPiece();
    await this.drain();
    await this.#compressor?.end();
    this.#sink.truncate(this.#sinkPosition);
    await this.#sink.drain?.();
    return this.#sinkPosition;
  }

  /** Gives the compressor back. */
  close(): void {
    this.#compressor?.close();
  }

  #passPiece(): void {
    if (this.#pieceBytes === 0) return;
    const bytes = this.#piece.subarray(0, this.#pieceBytes);
    this.#pieceBytes = 0;
    if (this.#compressor === null) {
      this.#store(bytes);
    } else {
      this.#waiting.push(bytes);
      // The compressor keeps the memory until it is done with it.
      this.#piece = new Uint8Array(PIECE_SIZE);
    }
  }

  #store(bytes: Uint8Array): void {
    this.#sink.write(bytes, this.#sinkPosition);
    this.#sinkPosition += bytes.length;
    this.#writtenBytes += bytes.length;
    this.#isSinkFull = this.#sink.drain !== undefined;
  }
}
