/**
 * The decoder of zstd frames for a runtime that has none: `zstddec`, in WebAssembly.
 *
 * It takes its input from an iterator and gives its output as a generator, so that a piece is put
 * into the iterator before each step. Given single blocks it needs one step for each, and never
 * holds back output; given more it may lose the end of a frame. It goes round for ever on broken
 * data: a step without progress is an error here.
 *
 * @module
 */
import { ZSTDDecoder } from "zstddec/stream";
import type { ZstdFrameDecoder } from "./zstd_frame_decoder.ts";

/** The slow decoder. Its windows are bounded by the memory that WebAssembly can have. */
export class WasmZstdDecoder implements ZstdFrameDecoder {
  /** See {@linkcode ZstdFrameDecoder.wantsBlocks}. */
  readonly wantsBlocks = true;
  /** See {@linkcode ZstdFrameDecoder.consumed}. */
  consumed = 0;
  /** See {@linkcode ZstdFrameDecoder.produced}. */
  produced = 0;
  readonly #decoder: ZSTDDecoder;
  #steps: Generator<Uint8Array> | null = null;
  // The piece that the decoder may take, `null` when it took it.
  #piece: Uint8Array | null = null;
  #rest: Uint8Array = new Uint8Array(0);

  private constructor(decoder: ZSTDDecoder) {
    this.#decoder = decoder;
  }

  /** Loads the decoder. */
  static async create(): Promise<WasmZstdDecoder> {
    const decoder = new ZSTDDecoder();
    await decoder.init();
    return new WasmZstdDecoder(decoder);
  }

  /** See {@linkcode ZstdFrameDecoder.beginFrame}. */
  beginFrame(): void {
    this.#piece = null;
    this.#rest = new Uint8Array(0);
    this.#steps = this.#decoder.decodeStreaming(this.#pieces());
  }

  /** See {@linkcode ZstdFrameDecoder.decode}. */
  decode(
    input: Uint8Array,
    inputAt: number,
    inputEnd: number,
    output: Uint8Array,
    outputAt: number,
  ): string | null {
    this.consumed = 0;
    if (this.#rest.length === 0 && inputAt < inputEnd) {
      this.#piece = input.subarray(inputAt, inputEnd);
      const step = this.#steps!.next();
      this.consumed = this.#piece === null ? inputEnd - inputAt : 0;
      this.#piece = null;
      if (step.done !== true) this.#rest = step.value;
    }
    this.produced = Math.min(this.#rest.length, output.length - outputAt);
    output.set(this.#rest.subarray(0, this.produced), outputAt);
    this.#rest = this.#rest.subarray(this.produced);
    return null;
  }

  /** See {@linkcode ZstdFrameDecoder.endFrame}. */
  endFrame(): string | null {
    const steps = this.#steps;
    this.#steps = null;
    if (steps === null) return null;
    try {
      // No piece is left, so that the decoder ends, and says whether the frame did.
      return steps.next().done === true ? null : "the frame does not end with its last block";
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** See {@linkcode ZstdFrameDecoder.close}. */
  close(): void {
    this.endFrame();
  }

  *#pieces(): Generator<Uint8Array> {
    while (this.#piece !== null) {
      const piece = this.#piece;
      this.#piece = null;
      yield piece;
    }
  }
}
