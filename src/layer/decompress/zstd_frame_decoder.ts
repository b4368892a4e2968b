/**
 * Decoders of single zstd frames: the runtime's, called synchronously.
 *
 * @module
 */
// By its namespace: a runtime without zstd must be able to load this module.
import * as zlib from "node:zlib";
import { NativeHandle } from "./native_handle.ts";
import { MAX_WINDOW_LOG } from "./zstd_frame.ts";

/** Decodes one frame after another. After a `decode` its counts say what happened. */
export interface ZstdFrameDecoder {
  /** `true` when every piece of input must be one block, or a part of one. */
  readonly wantsBlocks: boolean;
  /** Bytes that the last `decode` took from its input. */
  readonly consumed: number;
  /** Bytes that the last `decode` wrote to its output. */
  readonly produced: number;
  /** Begins a new frame. */
  beginFrame(): void;
  /**
   * Decodes from `[inputAt, inputEnd)`, all of it in one frame, to `output` from `outputAt` on.
   * Answers the decoder's message where the data is malformed, else `null`.
   */
  decode(
    input: Uint8Array,
    inputAt: number,
    inputEnd: number,
    output: Uint8Array,
    outputAt: number,
  ): string | null;
  /** All of the frame was decoded and taken: answers what is wrong with it, else `null`. */
  endFrame(): string | null;
  /** Gives memory back. */
  close(): void;
}

/** The fast decoder: the synchronous handle of the runtime. */
export class NativeZstdDecoder implements ZstdFrameDecoder {
  /** See {@linkcode ZstdFrameDecoder.wantsBlocks}. */
  readonly wantsBlocks = false;
  readonly #handle: NativeHandle;

  private constructor(handle: NativeHandle) {
    this.#handle = handle;
  }

  /** Creates one, or answers `null` where this runtime has no such handle that works. */
  static create(): NativeZstdDecoder | null {
    if (typeof zlib.createZstdDecompress !== "function") return null;
    const params = { [zlib.constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG };
    const handle = NativeHandle.of(zlib.createZstdDecompress({ params }));
    if (handle === null) return null;
    try {
      if (passesSelfTest(handle)) return new NativeZstdDecoder(handle);
    } catch {
      // A handle of another form: the fallback will do.
    }
    handle.close();
    return null;
  }

  /** See {@linkcode ZstdFrameDecoder.consumed}. */
  get consumed(): number {
    return this.#handle.consumed;
  }

  /** See {@linkcode ZstdFrameDecoder.produced}. */
  get produced(): number {
    return this.#handle.produced;
  }

  /** See {@linkcode ZstdFrameDecoder.beginFrame}. */
  beginFrame(): void {
    this.#handle.reset();
  }

  /** See {@linkcode ZstdFrameDecoder.decode}. */
  decode(
    input: Uint8Array,
    inputAt: number,
    inputEnd: number,
    output: Uint8Array,
    outputAt: number,
  ): string | null {
    return this.#handle.step(input, inputAt, inputEnd, output, outputAt);
  }

  /** See {@linkcode ZstdFrameDecoder.endFrame}. */
  endFrame(): string | null {
    // What is wrong was said by `decode`.
    return null;
  }

  /** See {@linkcode ZstdFrameDecoder.close}. */
  close(): void {
    this.#handle.close();
  }
}

/** Decodes a known frame twice and a broken one, the way that {@linkcode NativeZstdDecoder} does. */
function passesSelfTest(handle: NativeHandle): boolean {
  const text = new Uint8Array(100).map((_, i) => i % 10);
  const frame = zlib.zstdCompressSync(text);
  const output = new Uint8Array(200);
  for (let round = 0; round < 2; round++) {
    handle.reset();
    output.fill(0xff);
    if (handle.step(frame, 0, frame.length, output, 10) !== null) return false;
    if (handle.consumed !== frame.length || handle.produced !== text.length) return false;
    if (output[9] !== 0xff || output[110] !== 0xff) return false;
    for (let i = 0; i < text.length; i++) if (output[10 + i] !== text[i]) return false;
  }
  handle.reset();
  return handle.step(new Uint8Array(8), 0, 8, output, 0) !== null;
}
