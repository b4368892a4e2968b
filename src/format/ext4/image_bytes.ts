/**
 * The image under construction: counts what is written and coalesces blocks of metadata into
 * few large writes.
 *
 * @module
 */
import type { ByteSink } from "../../io/byte_sink.ts";

/** Bytes of a write; larger ones measured no faster. */
export const STAGE_SIZE = 256 * 1024;

/** A sink that counts. */
export class CountingSink implements ByteSink {
  readonly #sink: ByteSink;
  /** Bytes that were written. */
  writtenBytes = 0;

  /** Creates a sink in front of `sink`. */
  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  /** Writes all of `bytes` at `position`. */
  write(bytes: Uint8Array, position: number): void {
    this.writtenBytes += bytes.length;
    this.#sink.write(bytes, position);
  }

  /** Makes the output exactly `size` bytes long. */
  truncate(size: number): void {
    this.#sink.truncate(size);
  }
}

/**
 * Blocks of metadata on their way out: `open(block)` gives room for a block, zeroed; blocks that
 * follow each other on disk leave in one write.
 */
export class BlockStage {
  /** The room; valid from `open` to the next `open` or `flush`. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** View of the same bytes. */
  readonly view: DataView;
  readonly #sink: ByteSink;
  readonly #blockSize: number;
  #firstBlock = 0;
  #blockCount = 0;

  /** Creates a stage in front of `sink`. */
  constructor(sink: ByteSink, blockSize: number) {
    this.#sink = sink;
    this.#blockSize = blockSize;
    this.bytes = new Uint8Array(STAGE_SIZE);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Makes room for the block at `block` of the image and answers its offset in `bytes`. */
  open(block: number): number {
    const used = this.#blockCount * this.#blockSize;
    if (block === this.#firstBlock + this.#blockCount && used < STAGE_SIZE) {
      this.#blockCount++;
      this.bytes.fill(0, used, used + this.#blockSize);
      return used;
    }
    this.flush();
    this.#firstBlock = block;
    this.#blockCount = 1;
    this.bytes.fill(0, 0, this.#blockSize);
    return 0;
  }

  /** Writes what is staged. */
  flush(): void {
    if (this.#blockCount === 0) return;
    const bytes = this.bytes.subarray(0, this.#blockCount * this.#blockSize);
    this.#sink.write(bytes, this.#firstBlock * this.#blockSize);
    this.#blockCount = 0;
  }
}
