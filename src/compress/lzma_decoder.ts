/**
 * The LZMA algorithm: a range decoder, adaptive bits, and matches in what was decoded before.
 * For single blocks only: the output is its own dictionary.
 *
 * Spec: lzma-specification.txt of the LZMA SDK (public domain).
 *
 * @module
 */
import type { ImageError } from "../image_error.ts";
import { brokenBlock } from "./broken_block.ts";

const STATES = 12;
const POSITION_STATES_MAX = 16;
const LENGTH_STATES = 4;
const MIN_LENGTH = 2;
const ALIGN_BITS = 4;
const END_POSITION_MODEL = 14;
const FULL_DISTANCES = 128;
/** A bit that is as likely 0 as 1. */
const HALF = 1024;
/** Bit models of a length: two choices, two sets of 16 trees of 3 bits, one tree of 8 bits. */
const LENGTH_LOW = 2;
const LENGTH_MIDDLE = LENGTH_LOW + POSITION_STATES_MAX * 8;
const LENGTH_HIGH = LENGTH_MIDDLE + POSITION_STATES_MAX * 8;
const LENGTH_MODELS = LENGTH_HIGH + 256;

/** Decodes one block, in one run or, as LZMA2 does, in several. */
export class LzmaDecoder {
  /** Bytes of the output so far. */
  size = 0;
  /** Where the matches may begin: LZMA2 may forget what is before. */
  dictionaryStart = 0;
  readonly #output: Uint8Array;
  #literalContextBits = 0;
  #literalPositionMask = 0;
  #positionMask = 0;
  #literals = new Uint16Array(0);
  readonly #isMatch = new Uint16Array(STATES * POSITION_STATES_MAX);
  readonly #isRepeat = new Uint16Array(STATES);
  readonly #isRepeat0 = new Uint16Array(STATES);
  readonly #isRepeat1 = new Uint16Array(STATES);
  readonly #isRepeat2 = new Uint16Array(STATES);
  readonly #isLongRepeat0 = new Uint16Array(STATES * POSITION_STATES_MAX);
  readonly #slots = new Uint16Array(LENGTH_STATES * 64);
  readonly #positions = new Uint16Array(1 + FULL_DISTANCES - END_POSITION_MODEL);
  readonly #align = new Uint16Array(1 << ALIGN_BITS);
  readonly #lengths = new Uint16Array(LENGTH_MODELS);
  readonly #repeatLengths = new Uint16Array(LENGTH_MODELS);
  #state = 0;
  readonly #distances = new Int32Array(4);
  // The range decoder.
  #input: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;
  #range = 0;
  #code = 0;

  /** Decodes to `output`. */
  constructor(output: Uint8Array) {
    this.#output = output;
  }

  /** Sets lc, lp and pb from their byte and begins anew. Throws for a byte that means none. */
  setProperties(byte: number): void {
    const literalPositionBits = Math.floor(byte / 9) % 5;
    this.#literalContextBits = byte % 9;
    if (byte >= 9 * 5 * 5) throw brokenBlock("lzma block", `properties are ${byte}`, "below 225");
    this.#literalPositionMask = (1 << literalPositionBits) - 1;
    this.#positionMask = (1 << Math.floor(byte / 45)) - 1;
    this.#literals = new Uint16Array(0x300 << (this.#literalContextBits + literalPositionBits));
    this.resetState();
  }

  /** Forgets what was learned. */
  resetState(): void {
    this.#state = 0;
    this.#distances.fill(0);
    const models = [
      this.#literals,
      this.#isMatch,
      this.#isRepeat,
      this.#isRepeat0,
      this.#isRepeat1,
      this.#isRepeat2,
      this.#isLongRepeat0,
      this.#slots,
      this.#positions,
      this.#align,
      this.#lengths,
      this.#repeatLengths,
    ];
    for (const model of models) model.fill(HALF);
  }

  /**
   * Decodes `[start, end)` of `input` until the output has `outputEnd` bytes, or, where `hasMarker`,
   * until the end marker, with at most so many bytes before it.
   */
  decode(
    input: Uint8Array,
    start: number,
    end: number,
    outputEnd: number,
    hasMarker: boolean,
  ): void {
    this.#input = input;
    this.#at = start;
    this.#end = end;
    if (this.#nextByte() !== 0) throw brokenBlock("lzma block", "its first byte is not 0", "0");
    this.#range = 0xffffffff;
    this.#code = 0;
    for (let i = 0; i < 4; i++) this.#code = (this.#code << 8 | this.#nextByte()) >>> 0;
    while (hasMarker || this.size < outputEnd) {
      if (!this.#step(outputEnd, hasMarker)) return;
    }
    this.#normalize();
  }

  /** A literal or a match; `false` at an end marker. */
  #step(outputEnd: number, hasMarker: boolean): boolean {
    const positionState = (this.size - this.dictionaryStart) & this.#positionMask;
    const state = this.#state;
    if (this.#bit(this.#isMatch, state * POSITION_STATES_MAX + positionState) === 0) {
      this.#literal(outputEnd);
      return true;
    }
    const distances = this.#distances;
    let length: number;
    if (this.#bit(this.#isRepeat, state) === 0) {
      distances.copyWithin(1, 0, 3);
      length = this.#length(this.#lengths, positionState);
      this.#state = state < 7 ? 7 : 10;
      distances[0] = this.#distance(length);
      if (distances[0] === -1) {
        if (hasMarker) return false;
        throw brokenBlock("lzma block", "an end marker comes early", "more data");
      }
    } else {
      if (this.#bit(this.#isRepeat0, state) === 0) {
        const index = state * POSITION_STATES_MAX + positionState;
        if (this.#bit(this.#isLongRepeat0, index) === 0) {
          this.#state = state < 7 ? 9 : 11;
          this.#copy(1, outputEnd);
          return true;
        }
      } else {
        let which = 1;
        if (this.#bit(this.#isRepeat1, state) === 1) {
          which = this.#bit(this.#isRepeat2, state) === 0 ? 2 : 3;
        }
        const distance = distances[which];
        distances.copyWithin(1, 0, which);
        distances[0] = distance;
      }
      length = this.#length(this.#repeatLengths, positionState);
      this.#state = state < 7 ? 8 : 11;
    }
    this.#copy(length + MIN_LENGTH, outputEnd);
    return true;
  }

  #literal(outputEnd: number): void {
    if (this.size === outputEnd) throw tooLong(outputEnd);
    const output = this.#output;
    const previous = this.size > this.dictionaryStart ? output[this.size - 1] : 0;
    const position = (this.size - this.dictionaryStart) & this.#literalPositionMask;
    const context = (position << this.#literalContextBits) +
      (previous >> (8 - this.#literalContextBits));
    const base = 0x300 * context;
    let symbol = 1;
    if (this.#state >= 7) {
      let matched = output[this.#source(1)];
      do {
        const matchedBit = matched >> 7 & 1;
        matched <<= 1;
        const bit = this.#bit(this.#literals, base + ((1 + matchedBit) << 8) + symbol);
        symbol = symbol << 1 | bit;
        if (bit !== matchedBit) break;
      } while (symbol < 0x100);
    }
    while (symbol < 0x100) symbol = symbol << 1 | this.#bit(this.#literals, base + symbol);
    output[this.size++] = symbol;
    const state = this.#state;
    this.#state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
  }

  #length(models: Uint16Array, positionState: number): number {
    if (this.#bit(models, 0) === 0) {
      return this.#tree(models, LENGTH_LOW + (positionState << 3), 3);
    }
    if (this.#bit(models, 1) === 0) {
      return 8 + this.#tree(models, LENGTH_MIDDLE + (positionState << 3), 3);
    }
    return 16 + this.#tree(models, LENGTH_HIGH, 8);
  }

  /** A distance minus 1; -1 is the end marker. */
  #distance(length: number): number {
    const slot = this.#tree(this.#slots, Math.min(length, LENGTH_STATES - 1) << 6, 6);
    if (slot < 4) return slot;
    const directBits = (slot >> 1) - 1;
    const base = (2 | slot & 1) << directBits;
    if (slot < END_POSITION_MODEL) {
      return base + this.#reverseTree(this.#positions, base - slot, directBits);
    }
    const high = this.#directBits(directBits - ALIGN_BITS) << ALIGN_BITS;
    return base + high + this.#reverseTree(this.#align, 0, ALIGN_BITS) | 0;
  }

  /** Where the last distance leads, `size - distance`. */
  #source(extra: number): number {
    const source = this.size - this.#distances[0] - extra;
    if (this.#distances[0] < 0 || source < this.dictionaryStart) {
      throw brokenBlock("lzma block", "a match is before the first byte", "one behind it");
    }
    return source;
  }

  #copy(length: number, outputEnd: number): void {
    let source = this.#source(1);
    if (length > outputEnd - this.size) throw tooLong(outputEnd);
    const output = this.#output;
    for (const end = this.size + length; this.size < end;) output[this.size++] = output[source++];
  }

  #bit(models: Uint16Array, index: number): number {
    this.#normalize();
    const model = models[index];
    const bound = (this.#range >>> 11) * model;
    if (this.#code < bound) {
      this.#range = bound;
      models[index] = model + (2048 - model >> 5);
      return 0;
    }
    this.#range -= bound;
    this.#code -= bound;
    models[index] = model - (model >> 5);
    return 1;
  }

  #directBits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      this.#normalize();
      this.#range >>>= 1;
      const bit = this.#code >= this.#range ? 1 : 0;
      if (bit === 1) this.#code -= this.#range;
      value = value << 1 | bit;
    }
    return value;
  }

  #tree(models: Uint16Array, base: number, bits: number): number {
    let symbol = 1;
    for (let i = 0; i < bits; i++) symbol = symbol << 1 | this.#bit(models, base + symbol);
    return symbol - (1 << bits);
  }

  #reverseTree(models: Uint16Array, base: number, bits: number): number {
    let symbol = 1;
    let value = 0;
    for (let i = 0; i < bits; i++) {
      const bit = this.#bit(models, base + symbol);
      symbol = symbol << 1 | bit;
      value |= bit << i;
    }
    return value;
  }

  #normalize(): void {
    if (this.#range >= 0x1000000) return;
    this.#range = this.#range * 256;
    this.#code = (this.#code << 8 | this.#nextByte()) >>> 0;
  }

  #nextByte(): number {
    if (this.#at >= this.#end) {
      throw brokenBlock("lzma block", `it ends at byte ${this.#end}`, "more bytes");
    }
    return this.#input[this.#at++];
  }
}

function tooLong(outputEnd: number): ImageError {
  return brokenBlock("lzma block", `it has more than ${outputEnd} bytes`, `at most ${outputEnd}`);
}
