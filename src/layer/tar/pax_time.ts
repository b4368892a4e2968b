/**
 * Times of PAX records: decimal seconds with an optional fraction and sign.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";

const MINUS = 0x2d;
const ZERO = 0x30;
/** Digits behind the point that count. */
const NANOSECOND_DIGITS = 9;

/** A point in time: whole seconds since 1970 (may be negative) and nanoseconds added to them. */
export interface TarTime {
  /** Whole seconds, rounded down. */
  readonly seconds: number;
  /** 0 to 999,999,999. */
  readonly nanoseconds: number;
}

/**
 * Reads a PAX time: `-1.5` is second -2 and 500,000,000 ns. Digits below a nanosecond are
 * rounded down in time.
 *
 * Throws `ImageError` `CORRUPT` where it is no number, `LIMIT_EXCEEDED` beyond ±2^53 seconds.
 */
export function parsePaxTime(text: string, keyword: string): TarTime {
  const isNegative = text.charCodeAt(0) === MINUS;
  const start = isNegative ? 1 : 0;
  const dot = text.indexOf(".");
  const end = dot < 0 ? text.length : dot;
  const fractionEnd = Math.min(text.length, end + 1 + NANOSECOND_DIGITS);
  const seconds = start === end ? NaN : readDigits(text, start, end);
  const fraction = readDigits(text, end + 1, fractionEnd);
  const rest = readDigits(text, fractionEnd, text.length);
  if (Number.isNaN(seconds + fraction + rest)) {
    throw new ImageError(
      "CORRUPT",
      `Cannot read PAX record "${keyword}": ${JSON.stringify(text.slice(0, 40))}, ` +
        "expected decimal seconds",
    );
  }
  if (!Number.isSafeInteger(seconds)) {
    throw new ImageError(
      "LIMIT_EXCEEDED",
      `Cannot read PAX record "${keyword}": ${text.slice(start, end).slice(0, 40)} seconds, ` +
        "expected below 2^53",
    );
  }
  const missingDigits = NANOSECOND_DIGITS - Math.max(0, fractionEnd - end - 1);
  const nanoseconds = fraction * 10 ** missingDigits;
  if (!isNegative) return { seconds, nanoseconds };
  // Towards the past: the magnitude is rounded up.
  const magnitude = nanoseconds + (rest > 0 ? 1 : 0);
  if (magnitude === 0) return { seconds: seconds === 0 ? 0 : -seconds, nanoseconds: 0 };
  return { seconds: -seconds - 1, nanoseconds: 1_000_000_000 - magnitude };
}

/** The number of the digits in `[start, end)`, 0 for none; `NaN` where there is anything else. */
function readDigits(text: string, start: number, end: number): number {
  let number = 0;
  for (let i = start; i < end; i++) {
    const digit = text.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) return NaN;
    number = number * 10 + digit;
  }
  return number;
}
