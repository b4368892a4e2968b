/**
 * The outer structure of zstd data: frames, and the blocks in them.
 *
 * The decoder of the runtime says nothing when its input ends early and stops after one frame, so
 * the exact extent of every frame is found here, from headers alone.
 *
 * Spec: RFC 8878, sections 3.1.1 and 3.1.2.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { malformed } from "./decompressor.ts";

/** Largest window that is accepted, as a power of two: what `zstd --long=31` makes. */
export const MAX_WINDOW_LOG = 31;

const ZSTD_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const MAX_BLOCK_BYTES = 128 * 1024;

const BLOCK_RLE = 1;
const BLOCK_RESERVED = 3;

/** What the next header bytes are. */
const Step = {
  magic: 0,
  descriptor: 1,
  frameHeader: 2,
  blockHeader: 3,
  skippableSize: 4,
} as const;
type Step = typeof Step[keyof typeof Step];

/** Follows zstd data byte by byte through its headers, jumping over what is between them. */
export class ZstdFrameWalker {
  readonly #stopsAtBlocks: boolean;
  // `true` between frames.
  #isAtBoundary = true;
  #step: Step = Step.magic;
  // Header bytes: little-endian value of those that came, how many came and how many are needed.
  readonly #header = new Uint8Array(14);
  #headerFill = 0;
  #headerSize = 4;
  // Bytes of a block, a checksum or user data that are jumped over.
  #jump = 0;
  #hasChecksum = false;
  #isSingleSegment = false;

  /** Creates a walker; `stopsAtBlocks` makes it stop behind every block, not only behind frames. */
  constructor(stopsAtBlocks = false) {
    this.#stopsAtBlocks = stopsAtBlocks;
  }

  /** `true` when all frames that were begun have ended. */
  get isAtBoundary(): boolean {
    return this.#isAtBoundary;
  }

  /**
   * Walks over `[start, end)` of `bytes` and answers where it stopped: `end`, or before it behind the
   * last byte of a frame. `position` is the place of `start` in the blob, for messages.
   *
   * Throws `ImageError` `CORRUPT` for malformed headers, `UNSUPPORTED` for a dictionary and
   * `LIMIT_EXCEEDED` for a window above 2 GiB.
   */
  walk(bytes: Uint8Array, start: number, end: number, position: number): number {
    let at = start;
    while (at < end) {
      if (this.#jump > 0) {
        const count = Math.min(this.#jump, end - at);
        this.#jump -= count;
        at += count;
      } else {
        this.#isAtBoundary = false;
        this.#header[this.#headerFill++] = bytes[at++];
        if (this.#headerFill === this.#headerSize) this.#takeHeader(position + at - start);
      }
      if (this.#jump > 0 || this.#headerFill > 0) continue;
      // A frame ends when nothing is left to jump over and a magic number would be next.
      if (this.#step === Step.magic) {
        this.#isAtBoundary = true;
        return at;
      }
      if (this.#stopsAtBlocks && this.#step === Step.blockHeader) return at;
    }
    return at;
  }

  #takeHeader(position: number): void {
    const size = this.#headerSize;
    const value = this.#word(Math.min(size, 4));
    this.#headerFill = 0;
    switch (this.#step) {
      case Step.magic:
        if (value === ZSTD_MAGIC) this.#expect(Step.descriptor, 1);
        else if (value - value % 16 === SKIPPABLE_MAGIC) this.#expect(Step.skippableSize, 4);
        else {
          const observed = `the magic number is 0x${value.toString(16)}`;
          throw malformed("zstd", position - 4, observed, "0xfd2fb528");
        }
        break;
      case Step.skippableSize:
        this.#jump = value;
        this.#expect(Step.magic, 4);
        break;
      case Step.descriptor:
        this.#takeDescriptor(value, position);
        break;
      case Step.frameHeader:
        this.#checkWindow(this.#header[0], position);
        this.#expect(Step.blockHeader, 3);
        break;
      case Step.blockHeader:
        this.#takeBlockHeader(value, position);
        break;
    }
  }

  #takeDescriptor(descriptor: number, position: number): void {
    const isSingleSegment = (descriptor & 0x20) !== 0;
    const sizeFlag = descriptor >> 6;
    if ((descriptor & 0x08) !== 0) {
      throw malformed("zstd", position - 1, "a reserved bit of the frame header is set", "0");
    }
    if ((descriptor & 0x03) !== 0) {
      throw new ImageError(
        "UNSUPPORTED",
        `Cannot decompress zstd data at byte ${position - 1} of the blob: the frame needs a ` +
          "dictionary, expected none",
      );
    }
    this.#hasChecksum = (descriptor & 0x04) !== 0;
    const contentSizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 1 << sizeFlag;
    this.#isSingleSegment = isSingleSegment;
    this.#expect(Step.frameHeader, (isSingleSegment ? 0 : 1) + contentSizeBytes);
  }

  #checkWindow(descriptor: number, position: number): void {
    // A frame in one segment has no window of its own: it is as large as its content.
    if (this.#isSingleSegment) return;
    const log = 10 + (descriptor >> 3);
    if (log < MAX_WINDOW_LOG || (log === MAX_WINDOW_LOG && (descriptor & 7) === 0)) return;
    throw new ImageError(
      "LIMIT_EXCEEDED",
      `Cannot decompress zstd data at byte ${position} of the blob: the window is above ` +
        `2^${MAX_WINDOW_LOG} bytes, expected at most that`,
    );
  }

  #takeBlockHeader(value: number, position: number): void {
    const isLastBlock = (value & 1) !== 0;
    const type = (value >> 1) & 3;
    const size = value >> 3;
    if (type === BLOCK_RESERVED) {
      throw malformed("zstd", position - 3, "the block type is 3", "0, 1 or 2");
    }
    if (size > MAX_BLOCK_BYTES) {
      throw malformed("zstd", position - 3, `a block has ${size} bytes`, "at most 131072");
    }
    this.#jump = type === BLOCK_RLE ? 1 : size;
    if (!isLastBlock) return this.#expect(Step.blockHeader, 3);
    if (this.#hasChecksum) this.#jump += 4;
    this.#expect(Step.magic, 4);
  }

  #expect(step: Step, headerSize: number): void {
    this.#step = step;
    this.#headerSize = headerSize;
  }

  #word(size: number): number {
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = value * 256 + this.#header[i];
    return value;
  }
}
