/**
 * The blocks of file data on their way out: whole blocks, one behind the other, in large writes.
 *
 * @module
 */
import type { ByteSink } from "../../io/byte_sink.ts";

/** Bytes of a write. */
const STAGE_SIZE = 256 * 1024;
/** Runs of so many bytes leave from where they are. */
const DIRECT_SIZE = 64 * 1024;

/** Appends blocks to the data of an image. */
export class DataBlocks {
  /** Bytes of a block. */
  readonly blockSize: number;
  /** Where they go. */
  readonly sink: ByteSink;
  readonly #stage = new Uint8Array(STAGE_SIZE);
  #stageBlock: number;
  #fill = 0;

  /** Begins at `firstBlock` of the image. */
  constructor(sink: ByteSink, blockSize: number, firstBlock: number) {
    this.sink = sink;
    this.blockSize = blockSize;
    this.#stageBlock = firstBlock;
  }

  /** The block that comes next. */
  get nextBlock(): number {
    return this.#stageBlock + this.#fill / this.blockSize;
  }

  /** Appends bytes `[start, end)`, whole blocks. */
  append(bytes: Uint8Array, start: number, end: number): void {
    if (end - start >= DIRECT_SIZE) {
      this.flush();
      this.sink.write(bytes.subarray(start, end), this.#stageBlock * this.blockSize);
      this.#stageBlock += (end - start) / this.blockSize;
      return;
    }
    for (let at = start; at < end;) {
      const count = Math.min(end - at, STAGE_SIZE - this.#fill);
      this.#stage.set(bytes.subarray(at, at + count), this.#fill);
      this.#fill += count;
      at += count;
      if (this.#fill === STAGE_SIZE) this.flush();
    }
  }

  /** Appends bytes and fills their last block with zeros, in front of them or behind. */
  appendPadded(bytes: Uint8Array, paddingStands: "in front" | "behind"): void {
    const { blockSize } = this;
    const padding = (blockSize - bytes.length % blockSize) % blockSize;
    const size = bytes.length + padding;
    if (this.#fill + size > STAGE_SIZE) this.flush();
    if (size > STAGE_SIZE) {
      const padded = new Uint8Array(size);
      padded.set(bytes, paddingStands === "behind" ? 0 : padding);
      this.append(padded, 0, size);
      return;
    }
    const at = this.#fill;
    const bytesAt = paddingStands === "behind" ? at : at + padding;
    const paddingAt = paddingStands === "behind" ? at + bytes.length : at;
    this.#stage.set(bytes, bytesAt);
    this.#stage.fill(0, paddingAt, paddingAt + padding);
    this.#fill += size;
    if (this.#fill === STAGE_SIZE) this.flush();
  }

  /** Appends `count` blocks of zeros; many are not written at all. */
  appendZeros(count: number): void {
    const byteCount = count * this.blockSize;
    if (this.#fill + byteCount >= STAGE_SIZE) {
      this.moveTo(this.nextBlock + count);
      return;
    }
    this.#stage.fill(0, this.#fill, this.#fill + byteCount);
    this.#fill += byteCount;
  }

  /** What is appended next begins at `block`. */
  moveTo(block: number): void {
    if (block === this.nextBlock) return;
    this.flush();
    this.#stageBlock = block;
  }

  /** Writes what is staged. */
  flush(): void {
    if (this.#fill === 0) return;
    this.sink.write(this.#stage.subarray(0, this.#fill), this.#stageBlock * this.blockSize);
    this.#stageBlock += this.#fill / this.blockSize;
    this.#fill = 0;
  }
}
