/**
 * The image under construction: bytes go out one behind the other, in few large writes.
 *
 * @module
 */
import type { ByteSink } from "../../io/byte_sink.ts";

const STAGE_SIZE = 256 * 1024;

/** Writes in order; can go back to write again. */
export class SequentialOutput {
  /** Bytes that were handed to the sink. */
  writtenBytes = 0;
  readonly #sink: ByteSink;
  readonly #stage = new Uint8Array(STAGE_SIZE);
  #stageStart: number;
  #stageFill = 0;

  /** Begins at `position` of `sink`. */
  constructor(sink: ByteSink, position: number) {
    this.#sink = sink;
    this.#stageStart = position;
  }

  /** Where the next byte goes. */
  get position(): number {
    return this.#stageStart + this.#stageFill;
  }

  /** Writes `bytes` behind what was written. */
  write(bytes: Uint8Array): void {
    if (this.#stageFill + bytes.length > STAGE_SIZE) this.flush();
    if (bytes.length > STAGE_SIZE) {
      this.#write(bytes, this.#stageStart);
      this.#stageStart += bytes.length;
      return;
    }
    this.#stage.set(bytes, this.#stageFill);
    this.#stageFill += bytes.length;
  }

  /** Goes back to an earlier position: what was written from there on is written over. */
  rewind(position: number): void {
    this.#stageFill = Math.max(0, position - this.#stageStart);
    if (this.#stageFill === 0) this.#stageStart = position;
  }

  /** Writes `bytes` at an earlier position. */
  writeAt(bytes: Uint8Array, position: number): void {
    this.flush();
    this.#write(bytes, position);
  }

  /** Hands everything to the sink. */
  flush(): void {
    if (this.#stageFill > 0) {
      this.#write(this.#stage.subarray(0, this.#stageFill), this.#stageStart);
    }
    this.#stageStart += this.#stageFill;
    this.#stageFill = 0;
  }

  #write(bytes: Uint8Array, position: number): void {
    this.writtenBytes += bytes.length;
    this.#sink.write(bytes, position);
  }
}
