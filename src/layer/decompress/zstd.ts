/**
 * zstd: any number of frames, skippable ones among them.
 *
 * The frame walker cuts the blob into pieces that never reach beyond a frame; the decoder gets one
 * frame after another and is begun anew for each.
 *
 * @module
 */
import type { BlobInput } from "../blob_input.ts";
import { type Decompressor, malformed, truncated } from "./decompressor.ts";
import { ZstdFrameWalker } from "./zstd_frame.ts";
import type { ZstdFrameDecoder } from "./zstd_frame_decoder.ts";

/** Decompresses zstd. */
export class ZstdDecompressor implements Decompressor {
  readonly #input: BlobInput;
  readonly #decoder: ZstdFrameDecoder;
  readonly #walker: ZstdFrameWalker;
  // Up to here the input's window was walked: it belongs to the frame that is being decoded.
  #walkedEnd = 0;
  #isInFrame = false;
  // `true` while the decoder may hold output that had no room.
  #hasOutput = false;

  /** Reads from `input`, whose next byte is the first of a frame. */
  constructor(input: BlobInput, decoder: ZstdFrameDecoder) {
    this.#input = input;
    this.#decoder = decoder;
    this.#walker = new ZstdFrameWalker(decoder.wantsBlocks);
  }

  /** See {@linkcode Decompressor.pull}. */
  pull(into: Uint8Array): number {
    const input = this.#input;
    const decoder = this.#decoder;
    let filled = 0;
    while (filled < into.length) {
      if (input.start >= this.#walkedEnd && !this.#hasOutput && !this.#walk()) break;
      const message = decoder.decode(input.bytes, input.start, this.#walkedEnd, into, filled);
      input.start += decoder.consumed;
      filled += decoder.produced;
      if (message !== null) throw malformed("zstd", input.position, message, "zstd data");
      const isStuck = decoder.consumed === 0 && decoder.produced === 0;
      if (isStuck && input.start < this.#walkedEnd) {
        throw malformed("zstd", input.position, "the frame ends before its last block", "its end");
      }
      this.#hasOutput = filled === into.length;
    }
    return filled;
  }

  /** See {@linkcode Decompressor.close}. */
  close(): void {
    this.#decoder.close();
  }

  /** Finds more bytes of one frame; `false` at the end of the blob. */
  #walk(): boolean {
    const input = this.#input;
    if (this.#isInFrame && this.#walker.isAtBoundary) {
      const message = this.#decoder.endFrame();
      if (message !== null) throw malformed("zstd", input.position, message, "zstd data");
      this.#isInFrame = false;
    }
    if (!input.fill()) {
      if (this.#walker.isAtBoundary) return false;
      throw truncated("zstd", input.position);
    }
    if (!this.#isInFrame) this.#decoder.beginFrame();
    this.#isInFrame = true;
    this.#walkedEnd = this.#walker.walk(input.bytes, input.start, input.end, input.position);
    return true;
  }
}
