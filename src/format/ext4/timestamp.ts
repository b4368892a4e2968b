/**
 * Inode times: a word with the low 32 bits of the seconds, and a word with two epoch bits and
 * the nanoseconds. Together 1901-12-13 to 2446-05-10.
 *
 * @module
 */
import { joinU64 } from "../../bytes/u64.ts";

const TWO_32 = 0x1_0000_0000;

/** The earliest second that an inode can hold. */
export const MIN_SECONDS = -0x8000_0000;
/** The last second that an inode of 256 bytes can hold. */
export const MAX_SECONDS = 3 * TWO_32 + 0x7fff_ffff;
/** The last second that an inode of 128 bytes can hold. */
export const MAX_SECONDS_32 = 0x7fff_ffff;

/** The low word (`i_mtime`…) of a time between `MIN_SECONDS` and `MAX_SECONDS`. */
export function timestampLow(seconds: number): number {
  return (seconds + TWO_32) % TWO_32;
}

/** The extra word (`i_mtime_extra`…) of a time between `MIN_SECONDS` and `MAX_SECONDS`. */
export function timestampExtra(seconds: number, nanoseconds: number): number {
  // The low word is signed, so an epoch begins 2^31 seconds before its multiple of 2^32.
  const epoch = Math.floor((seconds + 0x8000_0000) / TWO_32);
  return nanoseconds * 4 + epoch;
}

/** Seconds since 1970 of the two words. */
export function timestampSeconds(low: number, extra: number): number {
  return joinU64(low | 0, extra & 3);
}

/** Nanoseconds of the extra word; a word that is no time gives 10^9 and more. */
export function timestampNanoseconds(extra: number): number {
  return extra >>> 2;
}
