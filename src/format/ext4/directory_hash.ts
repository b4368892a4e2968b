/**
 * The hash by which an indexed directory is sorted (kernel `fs/ext4/hash.c`): half MD4 over signed
 * name bytes where we make it, and what others have. Whether bytes are signed is stated in the
 * superblock, so it does not depend on a processor.
 *
 * @module
 */
import type { ByteString } from "../../bytes/byte_string.ts";

/** The state that a seed of zeros stands for. */
const DEFAULT_SEED = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
/** Words that one round of half MD4 eats. */
const MD4_WORDS = 8;
/** Words that one round of TEA eats. */
const TEA_WORDS = 4;
const TEA_DELTA = 0x9e3779b9;
const K2 = 0x5a827999;
const K3 = 0x6ed9eba1;
/** The hash that the kernel keeps for the end of a directory, and the one it uses instead. */
const END_OF_DIRECTORY = 0xffff_fffe;
const BEFORE_END = 0xffff_fffc;

/** How names are hashed: legacy, half MD4, TEA. */
export type HashVersion = 0 | 1 | 2;

/** Ways of hashing beside our own. */
export interface HashWay {
  /** `hash_version` of the index. */
  readonly version: HashVersion;
  /** Whether bytes above 127 stay as they are, or count as negative. */
  readonly isUnsigned: boolean;
}

const OUR_WAY: HashWay = { version: 1, isUnsigned: false };

/** Hashes names. */
export class DirectoryHasher {
  readonly #version: HashVersion;
  readonly #isUnsigned: boolean;
  readonly #seed = new Int32Array(4);
  readonly #state = new Int32Array(4);
  readonly #words = new Int32Array(8);

  /** Creates a hasher from the 16 bytes of `s_hash_seed`. */
  constructor(seed: Uint8Array, { version, isUnsigned }: HashWay = OUR_WAY) {
    this.#version = version;
    this.#isUnsigned = isUnsigned;
    const view = new DataView(seed.buffer, seed.byteOffset, 16);
    for (let i = 0; i < 4; i++) this.#seed[i] = view.getInt32(4 * i, true);
    if (this.#seed.every((word) => word === 0)) this.#seed.set(DEFAULT_SEED);
  }

  /** The hash of a name: an unsigned 32-bit number whose lowest bit is 0. */
  hash(name: ByteString): number {
    if (this.#version === 0) return avoidEnd(this.#legacy(name));
    this.#state.set(this.#seed);
    const isTea = this.#version === 2;
    const wordCount = isTea ? TEA_WORDS : MD4_WORDS;
    for (let at = 0; at < name.length; at += 4 * wordCount) {
      this.#fillWords(name, at, wordCount);
      if (isTea) this.#mixTea();
      else this.#mix();
    }
    return avoidEnd((this.#state[isTea ? 0 : 1] & ~1) >>> 0);
  }

  #byte(name: ByteString, at: number): number {
    const byte = name.charCodeAt(at);
    return this.#isUnsigned ? byte : byte << 24 >> 24;
  }

  #legacy(name: ByteString): number {
    let last = 0x12a3fe2d;
    let beforeLast = 0x37abe8f9;
    for (let i = 0; i < name.length; i++) {
      let hash = beforeLast + (last ^ Math.imul(this.#byte(name, i), 7152373)) | 0;
      if (hash < 0) hash = hash - 0x7fffffff | 0;
      beforeLast = last;
      last = hash;
    }
    return last << 1 >>> 0;
  }

  /** Packs the next bytes of the name; what is behind its end is its length, repeated. */
  #fillWords(name: ByteString, at: number, wordCount: number): void {
    const left = name.length - at;
    const padding = left | left << 8 | left << 16 | left << 24;
    const end = Math.min(left, 4 * wordCount);
    const words = this.#words;
    let word = padding;
    let next = 0;
    for (let i = 0; i < end; i++) {
      word = this.#byte(name, at + i) + (word << 8) | 0;
      if (i % 4 === 3) {
        words[next++] = word;
        word = padding;
      }
    }
    if (next < wordCount) words[next++] = word;
    while (next < wordCount) words[next++] = padding;
  }

  #mixTea(): void {
    const [a, b, c, d] = this.#words;
    const state = this.#state;
    let first = state[0];
    let second = state[1];
    let sum = 0;
    for (let i = 0; i < 16; i++) {
      sum = sum + TEA_DELTA | 0;
      first = first + ((second << 4) + a ^ second + sum ^ (second >>> 5) + b) | 0;
      second = second + ((first << 4) + c ^ first + sum ^ (first >>> 5) + d) | 0;
    }
    state[0] += first;
    state[1] += second;
  }

  #mix(): void {
    const x = this.#words;
    const state = this.#state;
    let a = state[0], b = state[1], c = state[2], d = state[3];
    for (let i = 0; i < 8; i += 4) {
      a = rotate(a + (d ^ b & (c ^ d)) + x[i], 3);
      d = rotate(d + (c ^ a & (b ^ c)) + x[i + 1], 7);
      c = rotate(c + (b ^ d & (a ^ b)) + x[i + 2], 11);
      b = rotate(b + (a ^ c & (d ^ a)) + x[i + 3], 19);
    }
    for (let i = 1; i >= 0; i--) {
      a = rotate(a + ((b & c) + ((b ^ c) & d)) + x[i] + K2, 3);
      d = rotate(d + ((a & b) + ((a ^ b) & c)) + x[i + 2] + K2, 5);
      c = rotate(c + ((d & a) + ((d ^ a) & b)) + x[i + 4] + K2, 9);
      b = rotate(b + ((c & d) + ((c ^ d) & a)) + x[i + 6] + K2, 13);
    }
    for (let i = 3; i >= 1; i -= 2) {
      a = rotate(a + (b ^ c ^ d) + x[i] + K3, 3);
      d = rotate(d + (a ^ b ^ c) + x[i + 4] + K3, 9);
      c = rotate(c + (d ^ a ^ b) + x[i - 1] + K3, 11);
      b = rotate(b + (c ^ d ^ a) + x[i + 3] + K3, 15);
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
  }
}

/** Moves the one hash that means the end of a directory, as the kernel does. */
export function avoidEnd(hash: number): number {
  return hash === END_OF_DIRECTORY ? BEFORE_END : hash;
}

function rotate(value: number, bits: number): number {
  return value << bits | value >>> 32 - bits;
}
