/**
 * XXH32, the 32-bit hash of the xxHash family (specification: xxHash fast digest algorithm,
 * version 0.2).
 *
 * @module
 */
import type { ByteString } from "./byte_string.ts";

const PRIME_1 = 0x9e37_79b1;
const PRIME_2 = 0x85eb_ca77;
const PRIME_3 = 0xc2b2_ae3d;
const PRIME_4 = 0x27d4_eb2f;
const PRIME_5 = 0x1656_67b1;

/** Hash of the bytes of `text` with `seed`, as an unsigned 32-bit number. */
export function xxh32(text: ByteString, seed: number): number {
  const { length } = text;
  let at = 0;
  let hash: number;
  if (length >= 16) {
    let lane1 = seed + PRIME_1 + PRIME_2 | 0;
    let lane2 = seed + PRIME_2 | 0;
    let lane3 = seed | 0;
    let lane4 = seed - PRIME_1 | 0;
    for (; at + 16 <= length; at += 16) {
      lane1 = round(lane1, word(text, at));
      lane2 = round(lane2, word(text, at + 4));
      lane3 = round(lane3, word(text, at + 8));
      lane4 = round(lane4, word(text, at + 12));
    }
    hash = rotate(lane1, 1) + rotate(lane2, 7) + rotate(lane3, 12) + rotate(lane4, 18) | 0;
  } else {
    hash = seed + PRIME_5 | 0;
  }
  hash = hash + length | 0;
  for (; at + 4 <= length; at += 4) {
    hash = hash + Math.imul(word(text, at), PRIME_3) | 0;
    hash = Math.imul(rotate(hash, 17), PRIME_4);
  }
  for (; at < length; at++) {
    hash = hash + Math.imul(text.charCodeAt(at), PRIME_5) | 0;
    hash = Math.imul(rotate(hash, 11), PRIME_1);
  }
  hash = Math.imul(hash ^ hash >>> 15, PRIME_2);
  hash = Math.imul(hash ^ hash >>> 13, PRIME_3);
  return (hash ^ hash >>> 16) >>> 0;
}

function round(lane: number, input: number): number {
  return Math.imul(rotate(lane + Math.imul(input, PRIME_2) | 0, 13), PRIME_1);
}

function rotate(value: number, bits: number): number {
  return value << bits | value >>> 32 - bits;
}

function word(text: ByteString, at: number): number {
  return text.charCodeAt(at) | text.charCodeAt(at + 1) << 8 | text.charCodeAt(at + 2) << 16 |
    text.charCodeAt(at + 3) << 24;
}
