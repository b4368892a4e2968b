/**
 * The synchronous call behind the runtime's zlib streams.
 *
 * A stream of `node:zlib` holds a handle whose `writeSync` decodes one piece at once, at twice the
 * speed of the stream around it. The handle is no public interface: it is looked for, and whoever
 * uses it tests it first, so that another runtime falls back to the stream.
 *
 * @module
 */

/** The flush value `Z_NO_FLUSH`, which is `ZSTD_e_continue` too. */
const NO_FLUSH = 0;

/** What the handle offers, as far as it is used here. */
interface ZlibHandle {
  onerror: (message: string, errorNumber: number, code?: string) => void;
  writeSync(
    flush: number,
    input: Uint8Array,
    inputAt: number,
    inputSize: number,
    output: Uint8Array,
    outputAt: number,
    outputSize: number,
  ): void;
  reset(): void;
}

/** A stream of `node:zlib`, with the parts that are looked for. */
interface ZlibStream {
  readonly _handle?: ZlibHandle | null;
  readonly _writeState?: Uint32Array;
  close(): void;
}

/** A decoder that is called synchronously. After a `step` its counts say what happened. */
export class NativeHandle {
  /** Bytes that the last step took from its input. */
  consumed = 0;
  /** Bytes that the last step wrote to its output. */
  produced = 0;
  readonly #stream: ZlibStream;
  readonly #handle: ZlibHandle;
  readonly #state: Uint32Array;
  #error: string | null = null;

  private constructor(stream: ZlibStream, handle: ZlibHandle, state: Uint32Array) {
    this.#stream = stream;
    this.#handle = handle;
    this.#state = state;
    handle.onerror = (message) => {
      this.#error = message;
    };
  }

  /** The handle of a zlib stream, `null` where this runtime has none of the known form. */
  static of(stream: object): NativeHandle | null {
    const candidate = stream as ZlibStream;
    const handle = candidate._handle;
    const state = candidate._writeState;
    const isKnown = handle !== null && handle !== undefined &&
      typeof handle.writeSync === "function" && typeof handle.reset === "function" &&
      state instanceof Uint32Array && state.length === 2;
    return isKnown ? new NativeHandle(candidate, handle, state) : null;
  }

  /**
   * Decodes from `[inputAt, inputEnd)` to `output` from `outputAt` on, as far as both reach.
   * Answers the decoder's message where the data is malformed, else `null`.
   */
  step(
    input: Uint8Array,
    inputAt: number,
    inputEnd: number,
    output: Uint8Array,
    outputAt: number,
  ): string | null {
    const inputSize = inputEnd - inputAt;
    const outputSize = output.length - outputAt;
    try {
      this.#handle.writeSync(NO_FLUSH, input, inputAt, inputSize, output, outputAt, outputSize);
    } catch (error) {
      // The handle of zstd throws what the one of zlib reports by its callback.
      if (!(error instanceof Error) || error instanceof TypeError) throw error;
      this.#error = error.message;
      this.consumed = 0;
      this.produced = 0;
      return this.#error;
    }
    this.produced = outputSize - this.#state[0];
    this.consumed = inputSize - this.#state[1];
    return this.#error;
  }

  /** Begins a new stream with the same decoder. */
  reset(): void {
    this.#error = null;
    this.#handle.reset();
  }

  /** Gives its memory back. */
  close(): void {
    this.#stream.close();
  }
}
