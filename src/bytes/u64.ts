/**
 * 64-bit integers as JavaScript numbers; exact up to 2^53.
 *
 * @module
 */
import { ImageError } from "../image_error.ts";

const TWO_32 = 0x1_0000_0000;

/** Reads a little-endian u64; throws `ImageError` `LIMIT_EXCEEDED` above 2^53. */
export function getU64(view: DataView, at: number): number {
  const high = view.getUint32(at + 4, true);
  if (high >= 0x20_0000) {
    throw new ImageError(
      "LIMIT_EXCEEDED",
      `Cannot read 64-bit number: high word is 0x${high.toString(16)}, expected below 0x200000`,
    );
  }
  return joinU64(view.getUint32(at, true), high);
}

/**
 * The integer of two words, which are unsigned or, the high one, signed.
 *
 * A sum with a product is a float for V8, whatever its value, and a field of an object that ever held
 * one is 16 bytes of their own in each such object: where the low word is all, it is answered itself.
 */
export function joinU64(low: number, high: number): number {
  return high === 0 ? low : high * TWO_32 + low;
}

/** Writes a little-endian u64; `value` is an integer from 0 to 2^53 - 1. */
export function setU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % TWO_32, true);
  view.setUint32(at + 4, Math.floor(value / TWO_32), true);
}

/** The low 32 bits of a non-negative integer below 2^53. */
export function low32(value: number): number {
  return value % TWO_32;
}

/** What is above the low 32 bits of a non-negative integer below 2^53. */
export function high32(value: number): number {
  return Math.floor(value / TWO_32);
}

/** Reads a little-endian i64; throws `ImageError` `LIMIT_EXCEEDED` outside of ±2^53. */
export function getI64(view: DataView, at: number): number {
  const high = view.getInt32(at + 4, true);
  if (high >= 0x20_0000 || high < -0x20_0000) {
    throw new ImageError(
      "LIMIT_EXCEEDED",
      `Cannot read 64-bit number: high word is ${high}, expected -0x200000 to 0x1fffff`,
    );
  }
  return joinU64(view.getUint32(at, true), high);
}

/** Writes a little-endian i64; `value` is an integer from -2^53 to 2^53 - 1. */
export function setI64(view: DataView, at: number, value: number): void {
  const high = Math.floor(value / TWO_32);
  view.setUint32(at, value - high * TWO_32, true);
  view.setInt32(at + 4, high, true);
}
