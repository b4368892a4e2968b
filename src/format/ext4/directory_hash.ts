/**
 * The hash by which an indexed directory is sorted: half MD4 over signed name bytes (kernel
 * `fs/ext4/hash.c`). Signedness is stated in the superblock, so it does not depend on a processor.
 *
 * @module
 */
import type { ByteString } from "../../bytes/byte_string.ts";

/** The state that a seed of zeros stands for. */
const DEFAULT_SEED = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
/** Bytes that one round of the hash eats. */
const PIECE_SIZE = 32;
const K2 = 0x5a827999;
const K3 = 0x6ed9eba1;
/** The hash that the kernel keeps for the end of a directory, and the one it uses instead. */
const END_OF_DIRECTORY = 0xffff_fffe;
const BEFORE_END = 0xffff_fffc;

/** Hashes names. */
export class DirectoryHasher {
  readonly #seed = new Int32Array(4);
  readonly #state = new Int32Array(4);
  readonly #words = new Int32Array(8);

  /** Creates a hasher from the 16 bytes of `s_hash_seed`. */
  constructor(seed: Uint8Array) {
    const view = new DataView(seed.buffer, seed.byteOffset, 16);
    for (let i = 0; i < 4; i++) this.#seed[i] = view.getInt32(4 * i, true);
    if (this.#seed.every((word) => word === 0)) this.#seed.set(DEFAULT_SEED);
  }

  /** The hash of a name: an unsigned 32-bit number whose lowest bit is 0. */
  hash(name: ByteString): number {
    this.#state.set(this.#seed);
    for (let at = 0; at < name.length; at += PIECE_SIZE) {
      this.#fillWords(name, at);
      this.#mix();
    }
    return avoidEnd((this.#state[1] & ~1) >>> 0);
  }

  /** Packs the next 32 bytes of the name; what is behind its end is its length, repeated. */
  #fillWords(name: ByteString, at: number): void {
    const left = name.length - at;
    const padding = left | left << 8 | left << 16 | left << 24;
    const end = Math.min(left, PIECE_SIZE);
    const words = this.#words;
    let word = padding;
    let next = 0;
    for (let i = 0; i < end; i++) {
      const signed = name.charCodeAt(at + i) << 24 >> 24;
      word = signed + (word << 8) | 0;
      if (i % 4 === 3) {
        words[next++] = word;
        word = padding;
      }
    }
    if (next < 8) words[next++] = word;
    while (next < 8) words[next++] = padding;
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
