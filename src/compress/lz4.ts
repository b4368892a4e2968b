/**
 * Raw LZ4 blocks: sequences of literals and matches, without any frame around them.
 *
 * Spec: lz4_Block_format.md of the LZ4 project.
 *
 * @module
 */
import { brokenBlock } from "./broken_block.ts";

const MIN_MATCH = 4;
/** The last bytes of a block are literals. */
const LAST_LITERALS = 5;
/** No match starts closer to the end than this. */
const MATCH_LIMIT = 12;
const MAX_DISTANCE = 65535;
const HASH_BITS = 14;
/** After so many misses (a power of two) the search takes longer steps. */
const SKIP_SHIFT = 6;

/** Compresses `input` into `output`; answers the size, 0 where it does not fit. */
export function compressLz4(input: Uint8Array, output: Uint8Array): number {
  const out = new Lz4Output(output);
  // Positions are stored plus 1: 0 means that there is none.
  const table = new Int32Array(1 << HASH_BITS);
  const view = new DataView(input.buffer, input.byteOffset, input.length);
  const lastStart = input.length - MATCH_LIMIT;
  const matchEnd = input.length - LAST_LITERALS;
  let anchor = 0;
  let at = 0;
  let misses = 1 << SKIP_SHIFT;
  while (at <= lastStart) {
    const word = view.getInt32(at, true);
    const hash = Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS);
    const candidate = table[hash] - 1;
    table[hash] = at + 1;
    if (
      candidate < 0 || at - candidate > MAX_DISTANCE || view.getInt32(candidate, true) !== word
    ) {
      at += misses++ >> SKIP_SHIFT;
      continue;
    }
    misses = 1 << SKIP_SHIFT;
    let start = at;
    let from = candidate;
    while (start > anchor && from > 0 && input[start - 1] === input[from - 1]) {
      start--;
      from--;
    }
    let end = at + MIN_MATCH;
    let behind = candidate + MIN_MATCH;
    while (end < matchEnd && input[end] === input[behind]) {
      end++;
      behind++;
    }
    if (!out.sequence(input, anchor, start, start - from, end - start)) return 0;
    anchor = at = end;
  }
  return out.last(input, anchor) ? out.size : 0;
}

/** What was compressed so far. */
class Lz4Output {
  size = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Literals, then a match; `false` where they do not fit. */
  sequence(input: Uint8Array, from: number, to: number, distance: number, length: number): boolean {
    const extra = length - MIN_MATCH;
    const token = this.size;
    if (!this.#literals(input, from, to, 2 + lengthBytes(extra))) return false;
    this.#bytes[token] += Math.min(extra, 15);
    this.#bytes[this.size++] = distance & 0xff;
    this.#bytes[this.size++] = distance >> 8;
    if (extra >= 15) this.#length(extra - 15);
    return true;
  }

  /** The literals at the end. */
  last(input: Uint8Array, from: number): boolean {
    return this.#literals(input, from, input.length, 0);
  }

  /** The token and the literals; `more` bytes must fit behind them. */
  #literals(input: Uint8Array, from: number, to: number, more: number): boolean {
    const count = to - from;
    const end = this.size + 1 + lengthBytes(count) + count + more;
    if (end > this.#bytes.length) return false;
    this.#bytes[this.size++] = Math.min(count, 15) << 4;
    if (count >= 15) this.#length(count - 15);
    if (count > 32) this.#bytes.set(input.subarray(from, to), this.size);
    else for (let i = 0; i < count; i++) this.#bytes[this.size + i] = input[from + i];
    this.size += count;
    return true;
  }

  #length(rest: number): void {
    for (; rest >= 255; rest -= 255) this.#bytes[this.size++] = 255;
    this.#bytes[this.size++] = rest;
  }
}

/** Bytes of a length behind its four bits in the token. */
function lengthBytes(length: number): number {
  return length < 15 ? 0 : 1 + Math.floor((length - 15) / 255);
}

/** Decompresses `input` into `output`; answers the size. */
export function decompressLz4(input: Uint8Array, output: Uint8Array): number {
  let at = 0;
  let size = 0;
  const length = (start: number): number => {
    let sum = start;
    if (start !== 15) return sum;
    for (let byte = 255; byte === 255;) {
      if (at >= input.length) throw brokenBlock("lz4 block", "it ends in a length", "more bytes");
      byte = input[at++];
      sum += byte;
    }
    return sum;
  };
  while (at < input.length) {
    const token = input[at++];
    const literals = length(token >> 4);
    if (literals > input.length - at || literals > output.length - size) {
      throw brokenBlock("lz4 block", `${literals} literals at byte ${at}`, "fewer");
    }
    output.set(input.subarray(at, at + literals), size);
    at += literals;
    size += literals;
    // The last sequence has no match.
    if (at === input.length) return size;
    if (at + 2 > input.length) throw brokenBlock("lz4 block", "it ends in a match", "more bytes");
    const distance = input[at] + input[at + 1] * 256;
    at += 2;
    if (distance === 0 || distance > size) {
      throw brokenBlock("lz4 block", `a match is ${distance} bytes back`, `1 to ${size}`);
    }
    const count = length(token & 15) + MIN_MATCH;
    if (count > output.length - size) {
      throw brokenBlock("lz4 block", `it has ${size + count} bytes`, `at most ${output.length}`);
    }
    if (distance >= count) output.copyWithin(size, size - distance, size - distance + count);
    else for (let i = 0; i < count; i++) output[size + i] = output[size + i - distance];
    size += count;
  }
  throw brokenBlock("lz4 block", "it ends behind a match", "literals");
}
